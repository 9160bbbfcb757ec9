"""Room: can every text on a page be read?

Lives here: the contrast of each text, also in a field, against what is behind it, as WCAG 2
measures it.
Never here: which page, which theme.
"""

from __future__ import annotations

from playwright.sync_api import Page

ENOUGH = 4.5
_LOW_CONTRAST = """
([root, enough]) => {
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const holds = (shape, text) => {
    const [a, b] = [shape, text].map(each => each.getBoundingClientRect());
    const [x, y] = [(b.left + b.right) / 2, (b.top + b.bottom) / 2];
    return a.left <= x && x <= a.right && a.top <= y && y <= a.bottom;
  };
  const behind = element => {
    const drawing = element.closest("svg");
    if (drawing) {
      const before = element.closest("text")?.previousElementSibling;
      const isOn = before?.matches("rect, circle") && holds(before, element);
      return getComputedStyle(isOn ? before : drawing.querySelector("rect")).fill;
    }
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      const [, , , alpha = 1] = channels(colour);
      if (alpha === 1) return colour;
      if (alpha !== 0) return "half transparent";
    }
    return "nothing";
  };
  const over = (ink, plate) => {
    const [r, g, b, alpha = 1] = channels(ink), below = channels(plate);
    return [r, g, b].map((c, n) => c * alpha + below[n] * (1 - alpha));
  };
  const walker = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
  const low = [], seen = new Set(), texts = [];
  while (walker.nextNode()) texts.push([walker.currentNode.parentElement, walker.currentNode.data]);
  for (const field of document.querySelector(root).querySelectorAll("input, select, textarea"))
    texts.push([field, field.value || field.placeholder || "", field.value ? "" : "::placeholder"]);
  for (const [element, words, part] of texts) {
    const text = words.trim();
    if (!text || !element.getClientRects().length) continue;
    if (element.closest("title, desc, style")) continue;
    const style = getComputedStyle(element, part || null), plate = behind(element);
    const faded = `rgba(${channels(style.color).slice(0, 3)}, ${style.opacity})`;
    const ink = element.closest("svg") ? style.fill : part ? faded : style.color;
    seen.add(text);
    const [a, b] = [light(over(ink, plate)), light(channels(plate))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (!(contrast >= enough)) low.push([text.slice(0, 30), ink, plate, contrast]);
  }
  return [seen.size, low];
}
"""


def low_contrast(page: Page, root: str = "body") -> tuple[int, list[list[object]]]:
    """How many texts are inside `root`, and those below 4.5, each with ink, plate and contrast."""
    texts, low = page.evaluate(_LOW_CONTRAST, [root, ENOUGH])
    return texts, low
