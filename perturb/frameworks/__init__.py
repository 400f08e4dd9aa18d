"""Agents of frameworks under test: each module puts the tools of an episode into one framework, which is imported by it alone.

`perturb.frameworks.openai_agents`, `.langchain` and `.pydantic_ai` are adapters of one function or two. The tools are asked
for anew before each turn of the model, since a perturbed environment may change them while it is at work. `.inspect_ai` goes
the other way: it puts what an episode is shown into the tasks of a framework that has its own.
"""
