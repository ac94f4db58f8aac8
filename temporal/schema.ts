// What a namespace must have for Waymark, its retention and search attributes: seen on any server, added where it may be.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import { attributes } from '../workflows/runtime/messages.ts';
import { retentionDays } from './settings.ts';

export type Lack = { namespace: string } & (
  | { kind: 'namespace' }
  | { kind: 'retention'; days: number }
  | { kind: 'attribute'; name: string; type: SearchAttributeType }
  | { kind: 'wrong_attribute'; name: string; type: SearchAttributeType }
);

const daySeconds = 86_400;

/** Empty when nothing lacks. Reads only; rejects when the server does not answer or does not let us look. */
export async function lacksOf(connection: ConnectionLike, namespace: string): Promise<Lack[]> {
  const days = await retentionOf(connection, namespace);
  if (days === undefined) return [{ kind: 'namespace', namespace }, ...(await attributeLacks(undefined, namespace))];
  const retention: Lack[] = days < retentionDays ? [{ kind: 'retention', namespace, days }] : [];
  return [...retention, ...(await attributeLacks(connection, namespace))];
}

/** Undefined when there is no such namespace. */
async function retentionOf(connection: ConnectionLike, namespace: string): Promise<number | undefined> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / daySeconds;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function attributeLacks(connection: ConnectionLike | undefined, namespace: string): Promise<Lack[]> {
  const answer = await connection?.operatorService.listSearchAttributes({ namespace });
  const have = answer?.customAttributes ?? {};
  return Object.values(attributes).flatMap(({ name, type }): Lack[] => {
    const found = have[name];
    if (found === undefined) return [{ kind: 'attribute', namespace, name, type }];
    return found === indexedType(type) ? [] : [{ kind: 'wrong_attribute', namespace, name, type }];
  });
}

const indexedType = (type: SearchAttributeType) =>
  proto.temporal.api.enums.v1.IndexedValueType[`INDEXED_VALUE_TYPE_${type}`];

/** NOT_FOUND, https://grpc.io/docs/guides/status-codes/ */
function isNotFound(error: unknown): boolean {
  const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return code === 5;
}

/** Adds what can be added (an attribute of another type cannot be changed) and waits until the server uses it. */
export async function add(connection: ConnectionLike, lacks: Lack[]): Promise<void> {
  for (const lack of lacks) await addOne(connection, lack);
  if (lacks[0] && lacks.some(({ kind }) => kind !== 'retention')) await untilUsed(connection, lacks[0].namespace);
}

async function addOne(connection: ConnectionLike, lack: Lack): Promise<void> {
  const { namespace } = lack;
  const retention = proto.google.protobuf.Duration.fromObject({ seconds: retentionDays * daySeconds });
  switch (lack.kind) {
    case 'namespace':
      await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
      return untilDone(() => connection.operatorService.listSearchAttributes({ namespace }));
    case 'retention':
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: retention },
      });
      return;
    case 'attribute': {
      const searchAttributes = { [lack.name]: indexedType(lack.type) };
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      return;
    }
    case 'wrong_attribute':
      return;
  }
}

/** In backquotes, for Session is a word of the query language too. */
function untilUsed(connection: ConnectionLike, namespace: string): Promise<void> {
  const names = Object.values(attributes).map(({ name }) => `\`${name}\` IS NULL`);
  const query = names.join(' AND ');
  return untilDone(() => connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 }));
}

/** The server reads its namespaces anew every 2 s (system.namespaceCacheRefreshInterval); until then it refuses the new. */
async function untilDone(call: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await call();
      return;
    } catch (error) {
      if (tries === 60) throw error;
      await sleep(250);
    }
  }
}

/** As the CLI writes it: KEYWORD_LIST is KeywordList. */
export const cliType = (type: SearchAttributeType): string =>
  type
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
