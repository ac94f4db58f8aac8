// The start page: shows the newest runs and looks again every two seconds while somebody looks at it.
const note = document.querySelector('#note');
const table = document.querySelector('table');

function cell(content) {
  const td = document.createElement('td');
  td.append(content);
  return td;
}

function link(run) {
  const a = document.createElement('a');
  a.href = `/api/runs/${encodeURIComponent(run.id)}`;
  a.textContent = run.id;
  return a;
}

function time(text) {
  const element = document.createElement('time');
  element.dateTime = text;
  element.textContent = new Date(text).toLocaleString();
  return element;
}

function row(run) {
  const tr = document.createElement('tr');
  const status = run.problem ? `${run.status} (${run.problem.type})` : run.status;
  tr.append(...[link(run), run.workflow, status, run.input_query ?? '', time(run.created_at)].map(cell));
  return tr;
}

async function fetchJson(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  const body = await response.json();
  if (!response.ok) throw new Error(typeof body.detail === 'string' ? body.detail : response.statusText);
  return body;
}

async function show() {
  try {
    const { total, items } = await fetchJson('/api/runs?limit=20');
    document.querySelector('#total').textContent = `of ${total}`;
    document.querySelector('tbody').replaceChildren(...items.map(row));
    table.hidden = items.length === 0;
    note.textContent = items.length === 0 ? 'None yet. POST /api/workflows/{name}/runs starts one.' : '';
  } catch (error) {
    note.textContent = error.message;
  }
}

async function showLinks() {
  const { temporal_ui } = await fetchJson('/');
  const anchor = document.querySelector('#temporal');
  anchor.hidden = temporal_ui === null;
  if (temporal_ui !== null) anchor.href = temporal_ui;
}

showLinks().catch(() => {});
await show();
setInterval(() => void (document.hidden || show()), 2000);
