'use strict';
document.documentElement.classList.add('js');
const POLL = 2000, PATIENCE = 5000, MOST_ROWS = 1000, MOST_NODES = 150;
// In the order in which an operator wants to see them.
const STATES = ['failed', 'degraded', 'connecting', 'draining', 'connected', 'closed', 'declared', 'disabled'];
const $ = id => document.getElementById(id);
const source = $('json').href;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const icon = state => draw('svg', { class: 'icon', 'aria-hidden': 'true' }, draw('use', { href: '#i-' + state }));

/* Texts */

/** As `3h 12m`: two units at most. */
function time(seconds) {
  if (seconds == null) return '';
  if (seconds < 1) return Math.ceil(seconds * 1000) + 'ms';
  const units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
  const at = units.findIndex(([, size]) => seconds >= size);
  let rest = Math.floor(seconds);
  const parts = units.slice(at, at + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return count ? count + unit : '';
  });
  return parts.filter(Boolean).join(' ');
}

const word = c => c.enabled || c.state !== 'declared' ? c.state : 'disabled';
const check = c => c.last_check ? `${c.last_check.passed ? 'passed' : 'failed'} ${time(c.last_check.age_secs)} ago` : '';

function retry(c) {
  if (c.permanent) return 'not by itself';
  if (c.next_retry_secs == null) return '';
  return c.next_retry_secs > 0 ? 'in ' + time(c.next_retry_secs) : 'due';
}

/** The cause without its beginning, which repeats the row. */
function why(c) {
  const start = `connection \`${c.name}\` (`;
  const cause = c.cause ?? '';
  return cause.startsWith(start) ? cause.slice(cause.indexOf(') ', start.length) + 2) : cause;
}

/** How a cell is filled and sorted. */
const COLUMNS = {
  state: { order: c => STATES.indexOf(word(c)) },
  name: { order: c => c.name },
  type: { text: c => c.connection_type ?? (c.inserted ? 'inserted' : ''), order: c => c.connection_type ?? '' },
  since: { text: c => time(c.since_secs), order: c => c.since_secs, number: true },
  age: { text: c => time(c.age_secs), order: c => c.age_secs ?? -1, number: true },
  generation: { text: c => c.generation || '', order: c => c.generation, number: true },
  guards: { text: c => c.guards || '', order: c => c.guards, number: true },
  check: { text: check, order: c => c.last_check?.age_secs ?? Infinity },
  failures: { text: c => c.failures || '', order: c => c.failures, number: true },
  retry: { text: retry, order: c => c.permanent ? Infinity : c.next_retry_secs ?? -1 },
};

function details(c, all) {
  const users = all.filter(other => other.depends_on.includes(c.name)).map(other => other.name);
  const kind = c.start && `${c.start}, ${c.required ? 'required' : 'optional'}`;
  const took = c.last_check && `${check(c)}, took ${time(c.last_check.took_secs)}`;
  return [
    ['Cause', c.cause], ['Declared at', c.declared_at], ['Template', c.template], ['Client type', c.client_type],
    ['Start', kind], ['Refers to', c.depends_on.join(', ')], ['Referred to by', users.join(', ')], ['Last check', took],
    ['Next client', c.replacing && 'being made beside the present one'],
    ['Earlier clients', c.draining && `${c.draining} waiting for their users`],
  ].filter(([, text]) => text);
}

/* The table */

let latest = { connections: [] };
let sort = { by: 'state', down: false };
let only = null;
const rows = new Map(), opened = new Set();

function newRow(name) {
  const button = make('button', { type: 'button', className: 'name', textContent: name });
  button.setAttribute('aria-expanded', 'false');
  button.onclick = () => { opened.has(name) ? opened.delete(name) : opened.add(name); render(); };
  const cells = {};
  const row = make('tr', {});
  for (const [key, column] of Object.entries(COLUMNS)) {
    cells[key] = make(key === 'name' ? 'th' : 'td', { className: column.number ? 'number' : '' });
    row.append(cells[key]);
  }
  cells.name.scope = 'row';
  cells.name.append(button);
  const below = content => {
    return make('tr', {}, make('td', {}), make('td', { colSpan: Object.keys(COLUMNS).length - 1 }, ...content));
  };
  const text = make('span', {}), list = make('dl', {});
  const cause = below([make('span', { className: 'unseen', textContent: 'Cause:' }), text]);
  return { row, cells, button, text, list, cause, detail: below([list]) };
}

/** Writes only what has changed, so that a selection survives. */
function say(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

function fill({ row, cells, button, text, list, cause, detail }, c, all) {
  const state = word(c);
  if (row.className !== state) {
    row.className = state;
    cause.className = `more cause ${state}`;
    detail.className = `more detail ${state}`;
    cells.state.replaceChildren(make('span', { className: 'state ' + state }, icon(state), state));
  }
  const tags = [c.blocks_readiness && 'blocks readiness', c.start && !c.required && 'optional', c.replacing && 'replacing'];
  const wanted = tags.filter(Boolean);
  if (row.dataset.tags !== wanted.join()) {
    row.dataset.tags = wanted.join();
    const made = wanted.map(tag => make('span', { className: tag === 'blocks readiness' ? 'tag failed' : 'tag' }, tag));
    cells.name.replaceChildren(button, ...made);
  }
  for (const [key, column] of Object.entries(COLUMNS)) if (column.text) say(cells[key], column.text(c));
  say(text, why(c));
  button.setAttribute('aria-expanded', opened.has(c.name));
  if (opened.has(c.name)) fillDetails(list, details(c, all));
}

function fillDetails(list, pairs) {
  while (list.children.length > pairs.length * 2) list.lastChild.remove();
  pairs.forEach(([term, text], at) => {
    if (!list.children[at * 2]) list.append(make('dt', {}), make('dd', { className: 'code' }));
    say(list.children[at * 2], term);
    say(list.children[at * 2 + 1], text);
  });
}

function compare(a, b) {
  const order = COLUMNS[sort.by].order;
  const [x, y] = [order(a), order(b)];
  const result = x < y ? -1 : x > y ? 1 : 0;
  return (sort.down ? -result : result) || (a.name < b.name ? -1 : 1);
}

function render() {
  const all = latest.connections;
  const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = c => `${c.name} ${c.connection_type ?? ''} ${word(c)} ${c.cause ?? ''}`.toLowerCase();
  const fits = c => (!only || word(c) === only) && words.every(part => text(c).includes(part));
  const found = all.filter(fits).sort(compare);
  const shown = found.slice(0, MOST_ROWS);
  const names = new Set(all.map(c => c.name));
  for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
  const wanted = shown.flatMap(c => {
    if (!rows.has(c.name)) rows.set(c.name, newRow(c.name));
    const row = rows.get(c.name);
    fill(row, c, all);
    const more = opened.has(c.name) ? [row.detail] : c.cause ? [row.cause] : [];
    return [row.row, ...more];
  });
  place($('rows'), wanted);
  const hidden = found.length - shown.length;
  $('none').hidden = found.length > 0 && hidden === 0;
  say($('none'), hidden ? `${hidden} more are not shown: filter to see them.`
    : all.length ? 'No connection matches.' : 'No connection is declared yet.');
  chips(all);
  for (const button of document.querySelectorAll('[data-sort]')) {
    const is = button.dataset.sort === sort.by ? (sort.down ? 'descending' : 'ascending') : 'none';
    button.parentElement.setAttribute('aria-sort', is);
  }
}

/** Puts rows in order with as few moves as possible: a row that moves loses the focus, so it is given back. */
function place(parent, wanted) {
  const focused = document.activeElement;
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  wanted.forEach((row, at) => { if (parent.children[at] !== row) parent.insertBefore(row, parent.children[at] ?? null); });
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

function chips(all) {
  const counts = Object.fromEntries(STATES.map(state => [state, 0]));
  for (const c of all) counts[word(c)] += 1;
  if (!$('chips').firstChild) {
    for (const state of ['all', ...STATES]) {
      const button = make('button', { type: 'button' }, state === 'all' ? '' : icon(state), state + ' ', make('b', {}));
      button.dataset.state = state;
      button.onclick = () => { only = state === 'all' || only === state ? null : state; render(); };
      button.firstElementChild.classList.add(state);
      $('chips').append(button);
    }
  }
  for (const button of $('chips').children) {
    const state = button.dataset.state;
    button.hidden = !counts[state] && state !== 'all' && only !== state;
    button.setAttribute('aria-pressed', (only ?? 'all') === state);
    say(button.lastChild, state === 'all' ? all.length : counts[state]);
  }
}

/* What stands above the table */

function head() {
  const blocking = latest.connections.filter(c => c.blocks_readiness).map(c => c.name);
  const state = latest.ready ? 'connected' : latest.closing ? 'closed' : 'failed';
  const rest = blocking.length > 4 ? ` and ${blocking.length - 4} more` : '';
  const text = latest.ready ? 'Ready' : latest.closing ? 'Closing' : 'Not ready: ' + blocking.slice(0, 4).join(', ') + rest;
  $('ready').className = 'pill ' + state;
  $('ready').title = text;
  $('ready').querySelector('use').setAttribute('href', '#i-' + state);
  say($('ready').lastChild, text);
  say($('uptime'), 'Up ' + time(latest.uptime_secs));
  const bad = latest.connections.filter(c => ['failed', 'degraded'].includes(word(c))).length;
  document.title = (bad ? `(${bad}) ` : '') + 'Connections';
}

/** For those who listen: changes of states alone. */
function tell(before, now) {
  const known = new Map(before.map(c => [c.name, word(c)]));
  const changes = now.filter(c => known.has(c.name) && known.get(c.name) !== word(c));
  if (!changes.length) return;
  const some = changes.slice(0, 3).map(c => `${c.name} is ${word(c)}`).join(', ');
  say($('news'), changes.length > 3 ? `${some}, and ${changes.length - 3} more changed` : some);
}

/* The graph */

let drawn = null;

function graph() {
  const all = new Map(latest.connections.map(c => [c.name, c]));
  const edges = latest.connections.flatMap(c => c.depends_on.filter(to => all.has(to)).map(to => [c.name, to]));
  const names = [...new Set(edges.flat())].sort();
  const tooMany = names.length > MOST_NODES || edges.length > 4 * MOST_NODES;
  const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
  const size = `${count(names.length, 'connection', 'connections')}, ${count(edges.length, 'reference', 'references')}`;
  $('graph').hidden = !edges.length || tooMany;
  say($('graph-note'), !edges.length ? 'No connection refers to another.'
    : tooMany ? `${size}: too many to draw. The details of a connection name what it refers to.`
    : `${size}. Each points to what it refers to.`);
  if ($('graph').hidden) { drawn = null; return; }
  const key = JSON.stringify([names, edges]);
  if (drawn?.key !== key) drawn = { key, ...picture(names, edges, size) };
  for (const [name, node] of drawn.nodes) {
    const state = word(all.get(name));
    node.setAttribute('class', state);
    node.querySelector('use').setAttribute('href', '#i-' + state);
    say(node.querySelector('title'), `${name}: ${state}`);
  }
  for (const [to, path] of drawn.paths) path.setAttribute('class', word(all.get(to)) === 'failed' ? 'bad' : '');
}

/** Columns from left to right; an edge over several columns has a point in each between. */
function layers(names, edges) {
  const to = new Map(names.map(name => [name, []]));
  for (const [from, target] of edges) to.get(from).push(target);
  const rank = new Map();
  const visit = name => {
    if (!rank.has(name)) {
      rank.set(name, 0);
      rank.set(name, Math.max(0, ...to.get(name).map(target => visit(target) + 1)));
    }
    return rank.get(name);
  };
  const last = Math.max(...names.map(visit));
  const columns = Array.from({ length: last + 1 }, () => []);
  for (const name of names) columns[last - rank.get(name)].push({ name, column: last - rank.get(name), next: [], near: [] });
  const node = new Map(columns.flat().map(point => [point.name, point]));
  const chains = edges.map(([from, target]) => {
    const chain = [node.get(from)];
    for (let at = chain[0].column + 1; at < node.get(target).column; at++) {
      const point = { column: at, next: [], near: [] };
      columns[at].push(point);
      chain.push(point);
    }
    chain.push(node.get(target));
    chain.slice(1).forEach((point, at) => { point.near.push(chain[at]); chain[at].next.push(point); });
    return { target, chain };
  });
  return { columns, chains, node };
}

/** Each point goes where its neighbours are in the middle, to and fro, so that few edges cross. */
function untangle(columns) {
  const middle = points => points.reduce((sum, point) => sum + point.at, 0) / points.length;
  columns.forEach(column => column.forEach((point, at) => { point.at = at; }));
  for (let round = 0; round < 8; round++) {
    const forth = round % 2 === 0;
    for (const column of forth ? columns : [...columns].reverse()) {
      const by = point => { const near = forth ? point.near : point.next; return near.length ? middle(near) : point.at; };
      const places = new Map(column.map(point => [point, by(point)]));
      column.sort((a, b) => places.get(a) - places.get(b));
      column.forEach((point, at) => { point.at = at; });
    }
  }
}

const step = point => point.name ? 32 : 14;
const high = column => column.reduce((sum, point) => sum + step(point), 0);
const mean = points => points.length ? points.reduce((sum, point) => sum + point.y, 0) / points.length : 0;

/** Puts each point of a column where it would like to be, as far as the others leave room. */
function stack(column, height, wish) {
  let from = 0, left = high(column);
  for (const point of column) {
    const size = step(point);
    point.y = Math.min(Math.max(wish(point), from + size / 2), height - left + size / 2);
    from = point.y + size / 2;
    left -= size;
  }
}

function picture(names, edges, size) {
  const { columns, chains, node } = layers(names, edges);
  untangle(columns);
  const short = name => name.length > 30 ? name.slice(0, 29) + '…' : name;
  const wide = point => point.name ? short(point.name).length * 7.3 + 38 : 0;
  const height = Math.max(...columns.map(high));
  const tallest = columns.findIndex(column => high(column) === height);
  stack(columns[tallest], height, point => point.at * 32);
  for (const column of columns.slice(tallest + 1)) stack(column, height, point => mean(point.near) || point.at * 32);
  for (const column of columns.slice(0, tallest).reverse()) stack(column, height, point => mean(point.next));
  let x = 1;
  for (const column of columns) {
    const width = Math.max(60, ...column.map(wide));
    for (const point of column) Object.assign(point, { left: x, right: x + (point.name ? wide(point) : width) });
    x += width + 72;
  }
  const box = { width: x - 71, height: height + 2, viewBox: `0 0 ${x - 71} ${height + 2}`, role: 'img' };
  const svg = draw('svg', { ...box, 'aria-label': `Dependency graph of ${size}; the details of each name them` });
  const arrow = { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' };
  svg.append(draw('marker', arrow, draw('path', { d: 'M0 0l8 4-8 4z' })));
  const paths = chains.map(({ target, chain }) => {
    const path = draw('path', { d: curve(chain), 'marker-end': 'url(#arrow)' });
    svg.append(path);
    return [target, path];
  });
  const nodes = names.map(name => {
    const { left, y } = node.get(name);
    const label = draw('text', { x: 27, y: 4 }, short(name));
    const mark = draw('use', { href: '', x: 8, y: -7, width: 14, height: 14, fill: 'currentColor' });
    const frame = draw('rect', { y: -12, width: wide(node.get(name)), height: 24, rx: 7 });
    const group = draw('g', { transform: `translate(${left} ${y})` }, draw('title', {}), frame, mark, label);
    svg.append(group);
    return [name, group];
  });
  $('graph').replaceChildren(svg);
  return { nodes, paths };
}

function curve(chain) {
  let path = `M${chain[0].right} ${chain[0].y}`;
  chain.slice(1).forEach((point, at) => {
    const from = chain[at].right, bend = (point.left - from) / 2;
    path += `C${from + bend} ${chain[at].y} ${point.left - bend} ${point.y} ${point.left} ${point.y}`;
    if (!point.name) path += `H${point.right}`;
  });
  return path;
}

/* Asking again and again */

let timer = 0, isAsking = false, known = 0;

async function ask() {
  clearTimeout(timer);
  if (document.hidden || isAsking) return;
  isAsking = true;
  try {
    const options = { cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(source, options);
    if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
    const isJson = (answer.headers.get('content-type') || '').startsWith('application/json');
    if (!isJson) throw new Error('The server answers with something else: is your login over?');
    const before = latest.connections;
    latest = await answer.json();
    known = Date.now();
    $('trouble').hidden = true;
    tell(before, latest.connections);
    head();
    render();
    graph();
  } catch (error) {
    const reason = error.message.startsWith('The server') ? error.message : 'The server does not answer.';
    const last = known ? ` The table shows what was so at ${new Date(known).toLocaleTimeString()}.` : '';
    say($('trouble'), reason + last);
    $('trouble').hidden = false;
  }
  isAsking = false;
  timer = setTimeout(ask, POLL);
}

function freshness() {
  const age = Math.round((Date.now() - known) / 1000);
  say($('fresh'), known ? (age < 4 ? 'Live' : `Updated ${time(age)} ago`) : '');
}

for (const button of document.querySelectorAll('[data-sort]')) {
  button.onclick = () => {
    const by = button.dataset.sort;
    sort = { by, down: sort.by === by && !sort.down };
    render();
  };
}
$('filter').oninput = render;
document.addEventListener('visibilitychange', ask);
document.addEventListener('keydown', event => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $('filter').focus();
  } else if (event.key === 'Escape') {
    $('filter').value = '';
    only = null;
    render();
  }
});
setInterval(freshness, 1000);
ask();
