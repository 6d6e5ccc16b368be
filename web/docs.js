// The interactive description of the API, by Swagger's own script, light or dark as everything else.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

follow();
dark.addEventListener("change", follow);
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: false, validatorUrl: null });
