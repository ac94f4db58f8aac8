// The run's story in Markdown, as the Temporal Web UI shows it (current details).
import type { Spent } from '../../activities/spent.ts';
import type { RunStateView } from './messages.ts';

export function tell(view: RunStateView): string {
  return [headline(view), room(view), ...view.waiting_for.map(ask), spending(view), bounds(view)]
    .filter((line) => line !== '')
    .join('\n\n');
}

function headline({ state, in_flight, steps_completed, waiting_for }: RunStateView): string {
  const names = in_flight.map(({ name }) => `\`${name}\``).join(', ');
  const done = `${steps_completed} ${steps_completed === 1 ? 'step' : 'steps'} completed`;
  switch (state) {
    case 'paused':
      return `**Paused.** ${done}. Signal \`resume\` lets it go on.`;
    case 'stopping':
      return `**Pausing**: waiting for ${names} to stop. ${done}.`;
    case 'cancelling':
      return `**Cancelling**: waiting for ${names} to stop. ${done}.`;
    case 'waiting':
      return `**Waiting for ${waiting_for.length === 1 ? 'a person' : `${waiting_for.length} answers`}.** ${done}.`;
    case 'running':
      return names === '' ? `**Running.** ${done}.` : `**Running** ${names}. ${done}.`;
  }
}

function room({ full, in_flight }: RunStateView): string {
  if (!full || in_flight.length === 0) return '';
  return '**Held back**: the history is nearly full. New steps wait until those in flight have ended; then the run goes on in a new timeline.';
}

function ask({ waiting_id, kind, question }: RunStateView['waiting_for'][number]): string {
  const value = kind === 'approval' ? '{"decision":"approve"}' : '…';
  const how = `temporal workflow signal --name answer --input '{"waiting_id":"${waiting_id}","value":${value}}'`;
  // What is indented belongs to the item.
  return `- ${kind} \`${waiting_id}\`: ${question.replaceAll('\n', '\n  ')}\n\n  Answer with \`${how}\``;
}

function spending({ usage, waste }: RunStateView): string {
  const lines = [`Spent: ${amount(usage)}`];
  if (waste.input_tokens + waste.output_tokens > 0) lines.push(`In vain (retries, aborts, crashes): ${amount(waste)}`);
  return lines.join('  \n');
}

function bounds({ limits }: RunStateView): string {
  if (!limits) return '';
  const { on_breach, ...most } = limits;
  const named = Object.entries(most).map(([name, limit]) => `${name} ${limit}`);
  const then = on_breach === 'fail' ? 'then the run fails' : 'then the run asks for more';
  return `Limits: ${named.join(', ')}; ${then}. Signal \`limits\` changes them.`;
}

function amount({ input_tokens, output_tokens, cost_usd, estimated }: Spent): string {
  const price = cost_usd === null ? 'price unknown' : `US$ ${cost_usd.toFixed(4)}`;
  return `${input_tokens} tokens in, ${output_tokens} out, ${price}${estimated ? ' (partly estimated)' : ''}`;
}
