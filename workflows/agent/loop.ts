// The loop of every agent: model, all tool calls of the turn side by side, model …, until it answers or its turns are used up.
import { CancellationScope, patched } from '@temporalio/workflow';
import type { Message, ModelReply } from '../../activities/model/model.ts';
import { user, system } from '../prompt.ts';
import { leftBy } from '../runtime/abort.ts';
import { type Conversation, converse } from '../runtime/conversation.ts';
import { answerCalls, type Equipped, placeOf, toolsOf } from './calls.ts';
import { type Inbox, texting } from './inbox.ts';
import { toolsOfServers } from './mcp.ts';
import { correction, notFitting, wrongIn } from './output.ts';
import type { AgentSnapshot } from './snapshot.ts';

/** How an agent ended. `turns`: model calls. */
export interface AgentEnd {
  response: string;
  /** The answer as a value, when it had to have a schema. */
  output?: unknown;
  termination_reason: 'answered' | 'max_steps';
  turns: number;
}

export interface Around {
  inbox: Inbox;
  within?: string;
  /** Tells those who want to know that the end is near. What is said to the agent meanwhile is heard still. */
  ending?: () => Promise<void>;
}

export async function runAgent(agent: AgentSnapshot, said: Message[], around: Around): Promise<AgentEnd> {
  const { inbox, within } = around;
  const talk = converse(...(agent.system_prompt === '' ? [] : [system(agent.system_prompt)]), ...said);
  const turns = countTurns(agent.config);
  const equipped = { agent, servers: await toolsOfServers(agent) };
  let corrected = false;
  let response = '';
  for (;;) {
    if (turns.next() === 'wrap_up') talk.say(user(agent.config.recovery?.message ?? ''));
    talk.say(...inbox.take().map(user));
    const reply = await think(talk, equipped, inbox);
    if (!reply) {
      turns.grant();
      continue;
    }
    response = reply.text;
    if (reply.tool_calls.length > 0) {
      if (turns.areOver) {
        // Their results would be told to nobody.
        if (await isOver(around)) return { response, termination_reason: 'max_steps', turns: turns.taken };
        turns.grant();
      }
      talk.say(...(await answerCalls(reply.tool_calls, equipped, placeOf(within, turns.taken))));
    } else if (inbox.isFull) {
      turns.grant();
    } else {
      const wrong = agent.output_schema ? wrongIn(reply) : undefined;
      if (wrong === undefined && (await isOver(around))) return answered(agent, reply.text, turns.taken);
      if (wrong !== undefined) {
        if (corrected) throw notFitting(wrong);
        corrected = true;
        talk.say(user(correction(wrong)));
      }
      turns.grant();
    }
  }
}

/** Nobody has said anything more. A message that comes in the very moment of the end makes Temporal ask once more. */
async function isOver({ inbox, ending }: Around): Promise<boolean> {
  const heard = () => inbox.isFull && patched(texting);
  if (heard()) return false;
  await ending?.();
  return !heard();
}

const answered = ({ output_schema }: AgentSnapshot, response: string, turns: number): AgentEnd => ({
  response,
  ...(output_schema && { output: parsed(response) }),
  termination_reason: 'answered',
  turns,
});

const parsed = (text: string): unknown => JSON.parse(text);

interface Turns {
  readonly taken: number;
  /** The one that was taken was the last. */
  readonly areOver: boolean;
  /** Takes one: unless they are over. `wrap_up`: the first of those after the last. */
  next(): 'turn' | 'wrap_up';
  /** One more, if that was the last. */
  grant(): void;
}

function countTurns({ max_steps, recovery }: AgentSnapshot['config']): Turns {
  let allowed = max_steps;
  let taken = 0;
  let spare = recovery?.max_turns ?? 0;
  return {
    get taken() {
      return taken;
    },
    get areOver() {
      return taken >= allowed && spare === 0;
    },
    next() {
      const wrapUp = taken >= allowed && spare > 0;
      if (wrapUp) {
        allowed += spare;
        spare = 0;
      }
      taken++;
      return wrapUp ? 'wrap_up' : 'turn';
    },
    grant() {
      if (taken >= allowed && spare === 0) allowed++;
    },
  };
}

/** Undefined: a user has interrupted it. What it had said until then stays said. */
async function think(talk: Conversation, equipped: Equipped, inbox: Inbox): Promise<ModelReply | undefined> {
  const { agent } = equipped;
  const scope = new CancellationScope();
  const ask = () =>
    talk.reply('think', {
      ...(agent.model !== null && { model: agent.model }),
      ...(agent.config.temperature !== null && { temperature: agent.config.temperature }),
      tools: toolsOf(equipped),
      ...(agent.output_schema && { output: { name: 'answer', schema: agent.output_schema } }),
    });
  try {
    return await inbox.during(
      () => scope.cancel(),
      () => scope.run(ask),
    );
  } catch (error) {
    if (!scope.consideredCancelled || CancellationScope.current().consideredCancelled) throw error;
    const left = leftBy(error);
    if (left?.kind === 'partial' && left.text !== '') talk.say({ role: 'assistant', content: left.text });
    return undefined;
  }
}
