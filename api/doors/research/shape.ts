// The JSON of research tasks, for what comes in and for the OpenAPI document.
import { z } from '@hono/zod-openapi';
import { json } from '../../answers.ts';
import { words } from './log.ts';

const status = z.enum(Object.values(words));
const time = z.iso.datetime();
const progress = z.number().int().nullable().openapi({ description: 'Percent.' });

export const taskRequest = z
  .object({
    company: z.string().min(1).openapi({ description: 'Name of the company to research' }),
    focus_areas: z.array(z.string()).default([]).openapi({ description: 'Specific areas to focus on (optional)' }),
    priority: z.string().default('low').openapi({ description: 'Task priority (low or high)' }),
  })
  .openapi('TaskRequest');

export const taskResponse = z.object({ agent_id: z.string(), message: z.string() }).openapi('TaskResponse');

export const statusResponse = z
  .object({ agent_id: z.string(), status, progress, message: z.string().nullable() })
  .openapi('StatusResponse');

export const resultResponse = z
  .object({ agent_id: z.string(), result: z.object({ company: z.string(), findings: z.string() }) })
  .openapi('ResultResponse');

const item = z.object({
  agent_id: z.string(),
  task_type: z.string().openapi({ description: "The workflow's name." }),
  status,
  progress,
  message: z.string().nullable(),
  updated_at: time,
});

export const activityList = z
  .object({ items: z.array(item), total: z.number().int(), page: z.number().int(), pages: z.number().int() })
  .openapi('ActivityListResponse');

const log = z.object({ message: z.string(), status, progress, created_at: time });

export const activityDetail = z
  .object({
    agent_id: z.string(),
    task_type: z.string(),
    status,
    progress,
    created_at: time,
    updated_at: time,
    logs: z.array(log).openapi({ description: 'Oldest first.' }),
  })
  .openapi('ActivityDetailResponse');

export const cleanupResponse = z.object({ message: z.literal('Cleanup scheduled') }).openapi('CleanupResponse');

const field = z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() });

const error = z
  .object({
    detail: z.union([z.string(), z.array(field)]),
    error: z.string(),
    agent_id: z.string().optional(),
    type: z.string(),
    request_id: z.string(),
  })
  .openapi('ActivityError');

export const failure = (description: string) => json(description, error);
