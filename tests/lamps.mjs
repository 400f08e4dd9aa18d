// An agent in another language: fetch, a base URL, and one tool of its own. It keeps a shelf, and orders what it is asked to.
const stock = { lamp: 3, vase: 1 };
const prompt = process.env.PERTURB_PROMPT ?? "Order 2 more lamps.";
const tool = {
  type: "function",
  function: {
    name: "order_items",
    description: "Order items from the supplier.",
    parameters: {
      type: "object",
      properties: { item: { type: "string" }, number: { type: "integer" } },
      required: ["item", "number"],
      additionalProperties: false,
    },
  },
};

const messages = [{ role: "user", content: prompt }];
for (let turn = 0; turn < 10; turn++) {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: process.env.MODEL ?? "adaptive", messages, tools: [tool] }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const { message } = (await response.json()).choices[0];
  messages.push(message);
  if (!message.tool_calls) break;
  for (const { id, function: called } of message.tool_calls) {
    let content = `Unknown tool: ${called.name}`;
    if (called.name === "order_items") {
      const { item, number } = JSON.parse(called.arguments);
      stock[item] = (stock[item] ?? 0) + number;
      content = JSON.stringify({ now: stock[item] });
    }
    messages.push({ role: "tool", tool_call_id: id, content });
  }
}
const wanted = 3 + Number(/\d+/.exec(prompt)[0]);
console.log(JSON.stringify({ stock, wanted }));
process.exit(stock.lamp === wanted ? 0 : 1);
