// The API: createApp puts its routes together. It is thin: parse, ask Temporal, answer.
import { OpenAPIHono } from '@hono/zod-openapi';
import { except } from 'hono/combine';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { Registry } from 'prom-client';
import { addAgents } from './agents/routes.ts';
import { authenticate, beginRequest } from './auth/guard.ts';
import { limitBody } from './body.ts';
import { addClient } from './client-script.ts';
import { addChat } from './chat/routes.ts';
import { addChatPage } from './chat-page.ts';
import { createCore } from './core.ts';
import type { Api, ApiDeps, ApiEnv } from './deps.ts';
import { addDocs } from './docs.ts';
import { answerError, noSuchRoute, ofZod } from './envelope.ts';
import { ApiError } from './errors.ts';
import { addFlows } from './doors/flows/routes.ts';
import { addMessage } from './doors/message/routes.ts';
import { guardOpenAI } from './doors/openai/refusal.ts';
import { addOpenAI } from './doors/openai/routes.ts';
import { guardResearch } from './doors/research/guard.ts';
import { addResearch } from './doors/research/routes.ts';
import { guardSandbox, guardTasks, runPath } from './doors/tasks/guard.ts';
import { addTasks } from './doors/tasks/routes.ts';
import { addHealth } from './health.ts';
import { logRequests } from './log.ts';
import { countRequests } from './metrics/requests.ts';
import { addMetrics } from './metrics/routes.ts';
import { addScrape } from './metrics/scrape.ts';
import { addOpenApi } from './openapi.ts';
import { guardOrigin } from './origin.ts';
import { addCheckpoints } from './runs/checkpoint-routes.ts';
import { addCompare } from './runs/compare-route.ts';
import { addControl } from './runs/control-routes.ts';
import { addEvents } from './runs/event-routes.ts';
import { addForks } from './runs/fork-routes.ts';
import { addRuns } from './runs/routes.ts';
import { addStarting } from './runs/start-route.ts';
import { addSessions } from './sessions/routes.ts';
import { addStart } from './start-page.ts';
import { addWorkflows } from './workflow-routes.ts';

export function createApp(given: ApiDeps): Api {
  const deps = createCore(given);
  const app: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw new ApiError(422, 'invalid_request', ofZod(result.error, result.target));
    },
  });
  const onError = answerError(deps);
  const registry = deps.registry ?? new Registry();

  app.onError(onError);
  app.notFound((c) => onError(noSuchRoute(c.req.path), c));

  app.use(requestId());
  app.use(beginRequest);
  app.use(logRequests(deps.log));
  app.use(countRequests(registry));
  app.use(allowOrigins(deps.config.corsOrigins));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => onError(wrongMethod(c.req.method, methods), c),
    }),
  );
  app.use(guardOrigin(deps.config.corsOrigins));
  guardTasks(app);
  guardOpenAI(app);
  guardResearch(app);
  app.use(authenticate(deps));
  guardSandbox(app, deps);
  app.use(except(runPath, limitBody));

  addHealth(app, deps);
  addWorkflows(app, deps);
  addAgents(app, deps);
  addStarting(app, deps);
  addChat(app, deps);
  addSessions(app, deps);
  addMetrics(app, deps);
  addScrape(app, deps, registry);
  addCompare(app, deps);
  addRuns(app, deps);
  addControl(app, deps);
  addForks(app, deps);
  addCheckpoints(app, deps);
  addEvents(app, deps);
  addTasks(app, deps);
  addResearch(app, deps);
  addMessage(app, deps);
  addFlows(app, deps);
  addOpenAI(app, deps);
  addOpenApi(app, deps);
  addDocs(app);
  addClient(app);
  addStart(app, deps);
  addChatPage(app, '');
  return app;
}

function allowOrigins(origins: readonly string[]) {
  return cors({
    origin: [...origins],
    credentials: true,
    exposeHeaders: ['Location', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
}

const wrongMethod = (method: string, allowed: string[]): ApiError =>
  new ApiError(405, 'method_not_allowed', `${method} is not possible here. Possible: ${allowed.join(', ')}.`, {
    headers: { Allow: allowed.join(', ') },
  });
