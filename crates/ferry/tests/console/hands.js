// Finds what a person would see and reach on a page. Called with a function's name and its arguments.
const tidy = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
const isShown = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const shown = (root, css) => [...root.querySelectorAll(css)].filter(isShown);

const KINDS = {
  link: 'a[href]',
  button: 'button, summary, input[type=submit], input[type=button], [role=button], [role=tab], [role=menuitem]',
  field: 'input:not([type=hidden], [type=submit], [type=button]), select, textarea',
  group: 'fieldset, [role=radiogroup], [role=group]',
  row: 'tr, li, article, [role=row]',
};

/** The words of a label, without those of a control inside it and without a hint. */
const words = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches('select, textarea, button, .hint')) return '';
  return [...node.childNodes].map(words).join('');
};

/** What a screen reader calls it. */
const nameOf = (element) => {
  const others = element.getAttribute('aria-labelledby');
  if (others) {
    return tidy(others.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(' '));
  }
  if (element.ariaLabel) return tidy(element.ariaLabel);
  if (element.labels?.length) return tidy([...element.labels].map(words).join(' '));
  if (element.localName === 'fieldset') return tidy(element.querySelector('legend')?.textContent);
  if (element.localName === 'input') return tidy(element.value);
  return tidy(element.innerText) || tidy(element.querySelector('svg title')?.textContent) || tidy(element.title);
};

/** The part of the page that is meant. A modal dialog is all that there is to reach. */
const partOf = (scope) => {
  let root = document.querySelector('dialog:modal') ?? document;
  for (const step of scope) {
    const found = step.css ? shown(root, step.css) : rowsWith(root, step.row);
    if (found.length !== 1) {
      throw new Error(`${found.length} visible parts ${step.css ?? `with "${step.row}"`}`);
    }
    [root] = found;
  }
  return root;
};

/** The innermost rows in which a cell, a link or a text is just this. */
const rowsWith = (root, text) => {
  const has = (row) => [...row.querySelectorAll('*')].some((part) => tidy(part.textContent) === text);
  const rows = shown(root, KINDS.row).filter(has);
  return rows.filter((row) => !rows.some((other) => other !== row && row.contains(other)));
};

const hands = {
  /** `{found}`, or `{why}` not. */
  find: (scope, kind, name) => {
    const all = shown(partOf(scope), KINDS[kind]);
    const fit = all.filter((element) => nameOf(element).toLowerCase() === name.toLowerCase());
    if (fit.length === 1) return { found: fit[0] };
    if (fit.length > 1) return { why: `there are ${fit.length} of that name` };
    return { why: `there are: ${all.map(nameOf).join(' | ') || 'none'}` };
  },
  isOff: (element) => element.matches(':disabled') || element.ariaDisabled === 'true',
  /** What is said about it beside its name. */
  reason: (element) => {
    const ids = (element.getAttribute('aria-describedby') ?? '').split(/\s+/).filter(Boolean);
    const told = ids.map((id) => document.getElementById(id)?.textContent).join(' ');
    return tidy(told) || tidy(element.title);
  },
  option: (select, name) => [...select.options].find((option) => tidy(option.text) === name) ?? null,
  /** For dates and the like, whose keys differ from language to language. */
  set: (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
  },
  text: (scope) => {
    const root = partOf(scope);
    return tidy((root.body ?? root).innerText);
  },
  page: () => tidy(document.body?.innerText),
  texts: (scope, css) => shown(partOf(scope), css).map((element) => tidy(element.innerText)),
  attributes: (scope, css, name) =>
    [...partOf(scope).querySelectorAll(css)].map((element) => element.getAttribute(name)),
  /** Whether the page is wider than the screen. */
  overflow: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
};
return hands[arguments[0]](...[...arguments].slice(1));
