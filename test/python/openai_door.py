# What Python's users of OpenAI's protocol write, with their own package: told as JSON, one line a finding.
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
model = sys.argv[2]


def tell(name, value):
    print(json.dumps({name: value}), flush=True)


tell("models", model in [m.id for m in client.models.list()])

done = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "python plain"}])
tell("completion", [done.choices[0].message.content, done.choices[0].finish_reason, done.usage.total_tokens > 0])

chunks = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": "python chunks"}],
    stream=True,
    stream_options={"include_usage": True},
)
chunks = list(chunks)
tell("chunks", "".join(c.choices[0].delta.content or "" for c in chunks if c.choices))
tell("usage", chunks[-1].usage.total_tokens > 0)

response = client.responses.create(model=model, input="python response", metadata={"k": "v"})
tell("response", [response.status, response.output_text, response.metadata])

with client.responses.stream(model=model, input="python stream") as stream:
    deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
    final = stream.get_final_response()
tell("stream", ["".join(deltas), final.output_text])

begun = client.responses.create(model=model, input="python background", background=True)
text, last = "", None
connections = 0
while True:
    connections += 1
    over = False
    more = {} if last is None else {"starting_after": last}
    for n, event in enumerate(client.responses.retrieve(begun.id, stream=True, **more)):
        last = event.sequence_number
        if event.type == "response.output_text.delta":
            text += event.delta
        over = event.type == "response.completed"
        if over or n == 3:
            break
    if over:
        break
tell("background", [text, connections > 3, client.responses.retrieve(begun.id).output_text])

follow = client.responses.create(model=model, input="and then?", previous_response_id=response.id)
tell("previous", follow.previous_response_id == response.id)

slow = client.responses.create(model=model, input="python cancelled", background=True)
tell("cancelled", client.responses.cancel(slow.id).status)
client.responses.delete(slow.id)

errors = []
for asked in (
    lambda: client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x"}]),
    lambda: client.chat.completions.create(model=model, n=2, messages=[{"role": "user", "content": "x"}]),
    lambda: client.responses.retrieve("resp_nobody"),
    lambda: client.responses.retrieve(slow.id),
):
    try:
        asked()
        errors.append(None)
    except openai.APIStatusError as error:
        errors.append([type(error).__name__, error.code])
tell("errors", errors)
