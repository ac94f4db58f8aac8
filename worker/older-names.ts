// Environment names of the systems that Waymark replaces: some are adopted, the others have no effect and are told.

/** Ours ← theirs, first one set wins; ours wins over all. */
const older: [string, string[]][] = [
  ['OPENAI_API_KEY', ['AGIO_OPENAI_API_KEY', 'OPENAI_KEY']],
  ['LOG_LEVEL', ['AGIO_LOG_LEVEL']],
  ['WAYMARK_WORKER_SLOTS', ['AGENTEXEC_NUM_WORKERS']],
  ['ACTIVITY_MESSAGE_CREATE', ['AGENTEXEC_ACTIVITY_MESSAGE_CREATE']],
  ['ACTIVITY_MESSAGE_STARTED', ['AGENTEXEC_ACTIVITY_MESSAGE_STARTED']],
  ['ACTIVITY_MESSAGE_COMPLETE', ['AGENTEXEC_ACTIVITY_MESSAGE_COMPLETE']],
  ['ACTIVITY_MESSAGE_ERROR', ['AGENTEXEC_ACTIVITY_MESSAGE_ERROR']],
];

/** https://ai.google.dev/gemini-api/docs/openai */
const google = 'https://generativelanguage.googleapis.com/v1beta/openai/';

const without: [RegExp, string][] = [
  [/^REDIS_URL$/, 'token streams across processes are not there yet; a step shows its whole text when it is done'],
  [/^(AGIO_MONGO_URI|DATABASE_URL)$/, 'there is no database besides the one of Temporal'],
  [/^HATCHET_CLIENT_/, 'runs live on Temporal: see TEMPORAL_ADDRESS'],
];

export function adopt(variables: NodeJS.ProcessEnv): { adopted: NodeJS.ProcessEnv; ignored: string[] } {
  const adopted = { ...variables };
  for (const [ours, theirs] of older) {
    adopted[ours] ||= theirs.map((name) => variables[name]).find(Boolean);
  }
  if (adopted['LOG_LEVEL']) adopted['LOG_LEVEL'] = adopted['LOG_LEVEL'].toLowerCase();
  if (!adopted['OPENAI_API_KEY'] && variables['GEMINI_API_KEY']) {
    adopted['OPENAI_API_KEY'] = variables['GEMINI_API_KEY'];
    adopted['OPENAI_BASE_URL'] ||= google;
    adopted['OPENAI_API'] ||= 'chat';
  }
  const ignored = Object.keys(variables).flatMap((name) => {
    const reason = variables[name] && without.find(([pattern]) => pattern.test(name))?.[1];
    return reason ? [`${name} has no effect: ${reason}.`] : [];
  });
  return { adopted, ignored };
}
