// The Vercel AI SDK as a client: a plain, a streamed and a tool call; prints what it saw as JSON.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

async function ask(baseURL, question, name) {
  const model = createOpenAICompatible({ name: "trimaran", baseURL, apiKey: "any" })(name);
  const plain = await generateText({ model, prompt: question, maxRetries: 0 });

  const pieces = [];
  const streamed = streamText({ model, prompt: `${question} Again.`, maxRetries: 0 });
  for await (const piece of streamed.textStream) pieces.push(piece);

  const calls = [];
  const weather = tool({
    description: "The weather in a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      calls.push(city);
      return `Sunny in ${city}`;
    },
  });
  const stopWhen = stepCountIs(2);
  const tools = { weather };
  const answered = await generateText({ model, prompt: question, tools, stopWhen, maxRetries: 0 });
  return {
    plain: plain.text,
    usage: plain.usage.totalTokens,
    stream: pieces.join(""),
    pieces: pieces.filter(Boolean).length,
    tool: calls.length ? "weather" : null,
    arguments: calls.length ? { city: calls[0] } : null,
    after_tool: answered.text,
  };
}

const [url, question, ...models] = process.argv.slice(2);
const saw = {};
for (const name of models) saw[name] = await ask(url, question, name);
console.log(JSON.stringify(saw));
