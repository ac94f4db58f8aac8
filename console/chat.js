// The chat page: what was said, a question box, and a line that tells what the steps are doing.
import { askKey } from './key.js';
import { follow, readRun, send, stop } from './message.js';
import { service } from './service.js';

const find = (id) => document.getElementById(id);
const [talk, status, run, form] = [find('talk'), find('status'), find('run'), find('ask')];
const [url, question, sendButton, stopButton] = [find('url'), find('question'), find('send'), find('stop')];

/** The run that is under way. */
let running;

/** What was asked and answered so far, as the model is told it. */
const messages = [];

for (const link of document.querySelectorAll('a[data-service]')) link.href = service + link.getAttribute('href');

function show(role, text, link) {
  const item = document.createElement('li');
  item.className = role;
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  item.append(paragraph);
  if (link) {
    const small = document.createElement('small');
    small.append(link);
    item.append(small);
  }
  if (role === 'wrong') item.setAttribute('role', 'alert');
  talk.append(item);
  scrollTo(0, document.documentElement.scrollHeight);
}

function say(text, busy = true) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle('busy', busy);
}

/** The run's own page, as far as the service knows where that is. */
async function linkTo(id) {
  const { temporal_ui } = await readRun(id).catch(() => ({ temporal_ui: null }));
  if (!temporal_ui) return;
  run.href = temporal_ui;
  run.hidden = false;
}

function linkHere() {
  if (run.hidden) return undefined;
  const link = run.cloneNode(true);
  link.removeAttribute('id');
  return link;
}

function told({ type, step, payload }) {
  if (payload?.status && payload.status !== 'idle') say(payload.status);
  else if (type.endsWith('_STARTED') && step === 'start') say('thinking');
}

function end({ type, payload }) {
  if (type === 'result') return show('assistant', remember(payload), linkHere());
  const why = {
    STEP_RUN_EVENT_TYPE_FAILED: `That did not work. ${payload?.error}`,
    STEP_RUN_EVENT_TYPE_TIMED_OUT: `That took too long. ${payload?.error}`,
    STEP_RUN_EVENT_TYPE_CANCELLED: 'Stopped.',
  }[type];
  show('wrong', why, linkHere());
  giveBack();
}

function remember({ generate_response, start }) {
  const content = (generate_response ?? start).message ?? '';
  messages.push({ role: 'assistant', content });
  return content;
}

/** A question without an answer is no part of what was said. */
function giveBack() {
  const { content } = messages.pop();
  if (question.value === '') question.value = content;
}

function busy(id) {
  running = id;
  sendButton.disabled = true;
  stopButton.hidden = id === undefined;
}

function idle() {
  say('idle', false);
  sendButton.disabled = false;
  stopButton.hidden = true;
  run.hidden = true;
}

async function ask() {
  const content = question.value.trim();
  if (content === '' || sendButton.disabled) return;
  messages.push({ role: 'user', content });
  show('user', content);
  question.value = '';
  say('sending');
  busy();
  try {
    const id = await send({ messages, ...(url.value && { url: url.value }) });
    say('waiting for a worker');
    busy(id);
    const linked = linkTo(id);
    const last = await follow(id, { told, lost: () => say('connection lost, trying again') });
    await linked;
    end(last);
  } catch (error) {
    giveBack();
    if (error.status === 401) return wantKey();
    show('wrong', error.status === undefined ? `The service did not answer: ${error.message}` : error.message);
  } finally {
    idle();
  }
}

/** The question was not heard: it is asked again with the key. */
function wantKey() {
  talk.lastElementChild.remove();
  askKey(find('key'), ask);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void ask();
});

stopButton.addEventListener('click', () => {
  stop(running).catch((error) => show('wrong', error.message));
});

question.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
