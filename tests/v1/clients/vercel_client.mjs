// The Vercel AI SDK as a client: what it can do here, and how it tells errors; prints JSON.
import { readFileSync } from "node:fs";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

function chosen(baseURL, name, headers) {
  const provider = createOpenAICompatible({
    name: "trimaran",
    baseURL,
    apiKey: "any",
    headers,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return provider(name);
}

async function ask(baseURL, question, name) {
  const model = chosen(baseURL, name);
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
  const schema = z.object({ name: z.string(), masts: z.number().int() });
  const boat = await generateObject({ model, prompt: question, schema, maxRetries: 0 });
  return {
    plain: plain.text,
    usage: plain.usage.totalTokens,
    stream: pieces.join(""),
    pieces: pieces.filter(Boolean).length,
    tool: calls.length ? "weather" : null,
    arguments: calls.length ? { city: calls[0] } : null,
    after_tool: answered.text,
    structured: boat.object,
  };
}

async function fail({ base_url, model: name, question: prompt, headers, temperature, stream }) {
  const model = chosen(base_url, name, headers);
  const asking = { model, prompt, temperature, maxRetries: 0 };
  if (!stream) return generateText(asking);
  const seen = [];
  const streamed = streamText({ ...asking, onError: ({ error }) => seen.push(error) });
  await streamed.consumeStream();
  if (seen.length) throw seen[0];
}

async function nameOf(given) {
  try {
    await fail(given);
  } catch (error) {
    return error.name ?? error.constructor.name;
  }
  return "no error";
}

const [url, question, listed, ...names] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(listed, "utf8"));
const [models, errors] = [{}, {}];
for (const name of names) models[name] = await ask(url, question, name);
for (const [name, given] of Object.entries(cases)) errors[name] = await nameOf(given);
console.log(JSON.stringify({ models, errors }));
