// Looks a page over, as a person with a keyboard, a screen reader or tired eyes would, and returns
// what is wrong with it, a line each. The argument names the checks: a list of words.
const [wanted] = arguments;
const problems = [];
const complain = (what, element) => {
  const words = (element.getAttribute("aria-label") || element.textContent || "").trim();
  problems.push(`${what}: <${element.localName} class="${element.getAttribute("class") || ""}"> ${words.slice(0, 40)}`);
};
const isSeen = (element) => element.checkVisibility({
  opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true,
});

// --- what it is called, and how it is built

if (wanted.includes("structure")) {
  if (!document.title.trim()) problems.push("no title");
  if (document.documentElement.lang !== "en") problems.push("no language");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) complain(`after a heading of level ${level}`, heading);
    if (!heading.textContent.trim()) complain("an empty heading", heading);
    level = next;
  }
  if (document.querySelectorAll("main").length !== 1) problems.push("not one main part");
  for (const picture of document.querySelectorAll("img:not([alt])")) complain("no alt", picture);
  for (const picture of document.querySelectorAll("svg")) {
    const isDecoration = picture.closest("[aria-hidden=true], a, button, label, symbol");
    if (isDecoration || picture.parentElement.closest("svg")) continue;
    const hasRole = ["img", "group"].includes(picture.getAttribute("role"));
    if (!hasRole || !picture.getAttribute("aria-label")) complain("a picture without words", picture);
  }
  const names = new Set();
  const twice = [...document.querySelectorAll("[id]")].map((one) => one.id)
    .find((one) => names.size === names.add(one).size);
  if (twice !== undefined) problems.push(`two are called ${twice}`);
}

// --- what can be reached

const nameOf = (element) => {
  const labels = [...(element.labels || [])].map((one) => one.textContent);
  const pictures = [...element.querySelectorAll("img, [aria-label]")]
    .map((one) => one.alt || one.getAttribute("aria-label"));
  return [element.getAttribute("aria-label"), element.textContent, element.title,
    element.placeholder, ...labels, ...pictures].join(" ").trim();
};
if (wanted.includes("keyboard")) {
  const controls = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  const looks = (element) => {
    const {outlineStyle, outlineWidth, boxShadow, backgroundColor, color} = getComputedStyle(element);
    return {
      ring: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
      rest: boxShadow + backgroundColor + color,
    };
  };
  for (const element of controls) {
    if (!isSeen(element) || element.disabled || element.getAttribute("tabindex") === "-1") continue;
    if (element.type === "hidden" || element.closest("[inert]")) continue;
    if (element.tabIndex < 0) complain("out of reach", element);
    if (!nameOf(element)) complain("without a name", element);
    document.activeElement.blur();
    const before = looks(element);
    element.focus({preventScroll: true});
    if (document.activeElement !== element) {
      complain("cannot be focused", element);
      continue;
    }
    const after = looks(element);
    if (!after.ring && after.rest === before.rest) complain("focus is not seen", element);
  }
}
if (wanted.includes("moving")) {
  // Of `pre > code` the theme takes care, where the machine has a keyboard by its account.
  for (const wide of document.querySelectorAll("pre, .md-typeset__scrollwrap, .movable")) {
    if (!isSeen(wide) || wide.scrollWidth <= wide.clientWidth + 1) continue;
    if (getComputedStyle(wide).overflowX === "visible") continue;
    if (wide.tabIndex < 0 && !wide.querySelector("a[href]")) complain("moves by touch only", wide);
  }
}

// --- what can be read

const parts = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
};
const mix = (top, under) => [0, 1, 2]
  .map((place) => top[place] * top[3] + under[place] * (1 - top[3])).concat([1]);
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
const behind = (element) => {
  if (!element) return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 1] : [255, 255, 255, 1];
  const own = parts(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : mix(own, behind(element.parentElement));
};
// In a drawing words stand on the last shape below them that is filled.
const behindDrawn = (text) => {
  const drawing = text.ownerSVGElement;
  const box = text.getBoundingClientRect();
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  let back = behind(drawing);
  for (const shape of drawing.querySelectorAll("rect")) {
    if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
    const fill = getComputedStyle(shape).fill;
    const area = shape.getBoundingClientRect();
    const isBelow = x >= area.left && x <= area.right && y >= area.top && y <= area.bottom;
    if (isBelow && fill.startsWith("rgb")) back = mix(parts(fill), back);
  }
  return back;
};
if (wanted.includes("contrast")) {
  const told = new Set();
  const colours = new Map();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const [text, element] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
    if (!text || element.closest("script, style, title, [aria-disabled=true]")) continue;
    let known = colours.get(element);
    if (known === undefined) {
      if (!isSeen(element)) continue;
      const isDrawn = element instanceof SVGElement;
      const back = isDrawn ? behindDrawn(element.closest("text")) : behind(element);
      const style = getComputedStyle(element);
      const fore = mix(parts(isDrawn ? style.fill : style.color), back);
      const [a, b] = [light(fore), light(back)].sort((one, other) => other - one);
      known = (a + 0.05) / (b + 0.05);
      colours.set(element, known);
    }
    const kind = element.localName + element.getAttribute("class");
    if (known < 4.5 && !told.has(kind)) complain(`contrast of ${known.toFixed(2)}`, element);
    told.add(known < 4.5 ? kind : null);
  }
}
return problems;
