// The client: for browsers and any other program that has fetch. The service serves it as one module at /client.js.
export { answer, cancel, fork, pause, resume } from './control.ts';
export type { Controlled, Forked, ForkRequest, RunStatus } from './control.ts';
export type { ClientEvent, Restarted, RunEvent } from './event.ts';
export type { FollowOptions } from './follow.ts';
export { chat, start, watch } from './runs.ts';
export type { ChatRequest, StartRequest } from './runs.ts';
export { WaymarkError } from './server.ts';
export type { ServerOptions, WrongField } from './server.ts';
export { createSseParser } from './sse.ts';
export type { ServerSent, SseParser } from './sse.ts';
export { createTexts } from './texts.ts';
export type { Texts } from './texts.ts';
