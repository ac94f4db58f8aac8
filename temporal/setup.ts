// What a server that is not ours lacks, as one document with the command that adds each; and adding it when asked to.
import type { ConnectionLike } from '@temporalio/client';
import type { Log } from './log.ts';
import { add, cliType, type Lack, lacksOf } from './schema.ts';
import { retentionDays } from './settings.ts';
import { TemporalTrouble } from './trouble.ts';

/**
 * Changes nothing. Throws TemporalTrouble `temporal_not_set_up` when runs could not be started there. A retention that is
 * short is told to the log, and so is a server that does not answer or does not let us look: that may pass.
 */
export async function checkSetup(connection: ConnectionLike, namespace: string, log: Log): Promise<void> {
  let lacks: Lack[];
  try {
    lacks = await connection.withDeadline(Date.now() + 3000, () => lacksOf(connection, namespace));
  } catch (error) {
    log.warn(`Whether Temporal has what Waymark needs could not be seen: ${String(error)}`);
    return;
  }
  if (lacks.some(({ kind }) => kind !== 'retention')) throw notSetUp(namespace, lacks);
  for (const lack of lacks) log.warn(`${what(lack)} Longer: ${command(lack)}`);
}

/** Adds everything that lacks, telling each; for `npm run temporal:setup`. */
export async function setUp(connection: ConnectionLike, namespace: string, log: Log): Promise<void> {
  const lacks = await lacksOf(connection, namespace);
  if (lacks.some(({ kind }) => kind === 'wrong_attribute')) throw notSetUp(namespace, lacks);
  await add(connection, lacks);
  for (const lack of lacks) log.info(`Added: ${what(lack)}`);
  log.info(`Namespace ${namespace} has all that Waymark needs.`);
}

const notSetUp = (namespace: string, lacks: Lack[]): TemporalTrouble =>
  new TemporalTrouble(
    'temporal_not_set_up',
    `Namespace ${namespace} of this Temporal server, which Waymark did not start and does not alter, lacks:\n` +
      lacks.map((lack) => `  - ${what(lack)}\n      ${command(lack)}`).join('\n'),
    'Run the commands above, or all of them at once: npm run temporal:setup',
  );

function what(lack: Lack): string {
  switch (lack.kind) {
    case 'namespace':
      return `The namespace ${lack.namespace}.`;
    case 'retention':
      return `Ended runs are kept for ${lack.days} days only; Waymark expects ${retentionDays}.`;
    case 'attribute':
      return `Search attribute ${lack.name} (${cliType(lack.type)}).`;
    case 'wrong_attribute':
      return `Search attribute ${lack.name} is there with another type than ${cliType(lack.type)}.`;
  }
}

/** For a copy and paste from the project's folder; the CLI then speaks to the configured server. */
function command(lack: Lack): string {
  const operator = 'npm run temporal -- operator';
  switch (lack.kind) {
    case 'namespace':
      return `${operator} namespace create --namespace ${lack.namespace} --retention ${retentionDays}d`;
    case 'retention':
      return `${operator} namespace update --namespace ${lack.namespace} --retention ${retentionDays}d`;
    case 'attribute':
      return `${operator} search-attribute create --namespace ${lack.namespace} --name ${lack.name} --type ${cliType(lack.type)}`;
    case 'wrong_attribute':
      return 'A type cannot be changed: set TEMPORAL_NAMESPACE to a namespace of its own for Waymark.';
  }
}
