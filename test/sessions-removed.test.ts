// A session that is deleted together with its runs, by a process that dies in the middle of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionWorkflow } from '../workflows/session/messages.ts';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { type ChatStage, openChat, unique } from './chat-stage.ts';

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());

/** A process of its own, which can delete nothing of the workflows that `cut` names. */
async function processThat(cut: (workflowId: string) => boolean): Promise<ApiStage & { hasDied(): boolean }> {
  const stage = await openApiStage(chat.world);
  const service = stage.client.workflowService;
  const remove = service.deleteWorkflowExecution.bind(service);
  let died = false;
  const cutting = (request: Parameters<typeof remove>[0]) => {
    if (!cut(request.workflowExecution?.workflowId ?? '')) return remove(request);
    died = true;
    throw new Error('the process has died');
  };
  Object.assign(service, { deleteWorkflowExecution: cutting });
  return { ...stage, hasDied: () => died };
}

test('as long as anything of it is there the session is, so that its deletion can be asked for again', async () => {
  const session_id = unique('going');
  const first = await chat.say('one', { session_id });
  const second = await chat.say('two', { session_id });
  await expect.poll(async () => (await chat.session(session_id)).in_flight, { timeout: 10_000 }).toBeNull();
  await expect.poll(async () => (await chat.session(session_id)).runs.length, { timeout: 10_000 }).toBe(2);
  const path = `/api/sessions/${session_id}`;
  // Runs go side by side: the other one may have gone when this one cannot.
  for (const kept of [first.run_id, sessionWorkflow(session_id)]) {
    const dying = await processThat((id) => id === kept);
    // On a busy machine it may be 503 before it comes that far.
    await expect
      .poll(async () => [(await dying.ask('DELETE', `${path}?runs=true`)).status, dying.hasDied()])
      .toEqual([500, true]);
    await dying.close();
    expect((await chat.api.ask('GET', path)).status).toBe(200);
  }
  expect((await chat.api.ask('DELETE', `${path}?runs=true`)).status).toBe(204);
  expect((await chat.api.ask('GET', path)).status).toBe(404);
  for (const { run_id } of [first, second])
    await expect
      .poll(async () => (await chat.api.ask('GET', `/api/runs/${run_id}`)).status, { timeout: 10_000 })
      .toBe(404);
});
