// The start page: shows the newest runs and looks again every two seconds while somebody looks at it.
import { askKey, withKey } from './key.js';

const note = document.querySelector('#note');
const table = document.querySelector('table');
const form = document.querySelector('#key');

/** Of a run's page in the Temporal Web UI, without its id; undefined where there is none. */
let pages;

function cell(content) {
  const td = document.createElement('td');
  td.append(content);
  return td;
}

function link(run) {
  const a = document.createElement('a');
  a.href = (pages ?? '/api/runs/') + encodeURIComponent(run.id);
  a.textContent = run.id;
  return a;
}

function time(text) {
  const element = document.createElement('time');
  element.dateTime = text;
  element.textContent = new Date(text).toLocaleString();
  return element;
}

function status({ status, problem }) {
  const element = document.createElement('span');
  element.className = problem ? 'failed' : status;
  element.textContent = problem ? `${status} (${problem.type})` : status;
  return element;
}

function row(run) {
  const tr = document.createElement('tr');
  tr.append(...[link(run), run.workflow, status(run), run.input_query ?? '', time(run.created_at)].map(cell));
  return tr;
}

async function fetchJson(path) {
  const response = await fetch(path, { headers: withKey({ accept: 'application/json' }) });
  const body = await response.json();
  if (response.status === 401 && form.hidden) askKey(form, show);
  if (!response.ok) throw new Error(typeof body.detail === 'string' ? body.detail : response.statusText);
  return body;
}

async function show() {
  try {
    const { total, items } = await fetchJson('/api/runs?limit=20');
    document.querySelector('#total').textContent = `${items.length} of ${total}`;
    document.querySelector('tbody').replaceChildren(...items.map(row));
    table.hidden = items.length === 0;
    note.textContent =
      items.length === 0 ? 'None yet. Ask a question in the chat, or POST /api/workflows/{name}/runs.' : '';
  } catch (error) {
    note.textContent = form.hidden ? error.message : '';
  }
}

async function showLinks() {
  const { temporal_ui, temporal_namespace } = await fetchJson('/');
  if (temporal_ui === null) return;
  const anchor = document.querySelector('#temporal');
  anchor.href = temporal_ui;
  anchor.hidden = false;
  pages = `${temporal_ui}/namespaces/${encodeURIComponent(temporal_namespace)}/workflows/`;
}

await showLinks().catch(() => {});
await show();
setInterval(() => void (document.hidden || !form.hidden || show()), 2000);
