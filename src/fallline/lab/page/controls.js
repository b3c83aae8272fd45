/** Controls made from the server's description, which is made from the one declaration of each setting. */

import { h, ICONS, icon } from "./dom.js";
import { capital, number, parsed, typed, words } from "./numerals.js";
import { PointsEditor } from "./points.js";
import { read, same } from "./state.js";

const FINE = 1000; // places of a slider

/** @typedef {{element: HTMLElement, set: (state: any) => void, input?: HTMLElement}} Drawn */

export class Controls {
  /** @type {any} */
  #described = null;
  /** @type {Map<string, Drawn>} */
  #fields = new Map();
  /** @type {any[]} */
  #axes = [];
  #state = /** @type {any} */ (null);
  #theme = /** @type {any} */ (null);
  /** @type {Set<string>} */
  #closed = new Set();

  /** @param {{changed: (key: string, value: any, live: boolean) => void, csv: (file: File) => void}} tell */
  constructor(tell) {
    this.tell = tell;
    this.form = h("form", {
      class: "control-form",
      autocomplete: "off",
      onsubmit: (/** @type {Event} */ e) => e.preventDefault(),
    });
    this.element = h("section", { class: "panel controls", "aria-label": "Controls" }, this.form);
  }

  /** @param {any} theme */
  set theme(theme) {
    this.#theme = theme;
    for (const field of this.#fields.values()) /** @type {any} */ (field).theme?.(theme);
  }

  /** @param {any|null} described null where it is as before @param {any} state @param {any[]} axes */
  show(described, state, axes) {
    this.#state = state;
    this.#axes = axes ?? this.#axes;
    if (described && this.#described && same(lasting(described), lasting(this.#described))) {
      // Only what the controls would begin with is new, such as the start that the seed draws: nothing to be drawn anew.
      const fields = described.groups.flatMap((/** @type {any} */ group) => group.fields);
      for (const group of this.#described.groups)
        for (const field of group.fields)
          Object.assign(
            field,
            fields.find((/** @type {any} */ f) => f.key === field.key),
          );
    } else if (described) {
      this.#described = described;
      const focused = /** @type {HTMLElement|null} */ (
        this.form.contains(document.activeElement) ? document.activeElement : null
      )?.dataset.focus;
      this.#fields.clear();
      this.form.replaceChildren(...described.groups.map((/** @type {any} */ group) => this.#group(group)));
      if (focused) this.form.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
    }
    for (const field of this.#fields.values()) field.set(state);
  }

  /** A sentence at the field it is about; whether there is such a field. @param {string|null} where @param {string} sentence */
  refuse(where, sentence) {
    const key = [...this.#fields.keys()].find(
      (k) => where === k || where?.startsWith(`${k}.`) || (where && k.startsWith(`${where}.`)),
    );
    const field = key && this.#fields.get(key);
    if (!field) return false;
    field.element.querySelector(".refusal")?.remove();
    const id = `refusal-${key}`;
    field.element.append(h("p", { class: "refusal", role: "alert", id }, sentence));
    field.element.classList.add("refused");
    field.input?.setAttribute("aria-invalid", "true");
    field.input?.setAttribute("aria-describedby", id);
    return true;
  }

  accept() {
    for (const field of this.#fields.values()) {
      if (!field.element.classList.contains("refused")) continue;
      field.element.classList.remove("refused");
      field.element.querySelector(".refusal")?.remove();
      field.input?.removeAttribute("aria-invalid");
      field.input?.removeAttribute("aria-describedby");
    }
  }

  /** @param {any} group */
  #group(group) {
    const fields = group.fields.filter(
      (/** @type {any} */ f) =>
        f.kind !== "activations" || !group.fields.some((/** @type {any} */ g) => g.kind === "units"),
    );
    const activations = group.fields.find((/** @type {any} */ f) => f.kind === "activations");
    const details = h(
      "details",
      {
        class: "group",
        open: !this.#closed.has(group.name),
        ontoggle: () => {
          if (details.open) this.#closed.delete(group.name);
          else this.#closed.add(group.name);
        },
      },
      h("summary", {}, group.title),
      ...fields.map((/** @type {any} */ f) => {
        const make = MAKERS[/** @type {keyof typeof MAKERS} */ (f.kind)] ?? MAKERS.text;
        const field = make(f, {
          tell: (value, live = false, key = f.key) => this.tell.changed(key, value, live),
          state: () => this.#state,
          axes: () => this.#axes,
          theme: () => this.#theme,
          activations,
          csv: this.tell.csv,
        });
        field.element.dataset.key = f.key;
        this.#fields.set(f.key, field);
        return field.element;
      }),
    );
    return details;
  }
}

/** A description without what changes from run to run. @param {any} described */
function lasting({ groups }) {
  return groups.map((/** @type {any} */ group) => ({
    ...group,
    fields: group.fields.map((/** @type {any} */ { now, ...field }) => field),
  }));
}

/**
 * @typedef {{tell: (value: any, live?: boolean, key?: string) => void, state: () => any, axes: () => any[], theme: () => any, activations: any,
 *   csv: (file: File) => void}} Place
 */

const idOf = (/** @type {any} */ f, part = "") => `control-${f.key.replaceAll(".", "-")}${part}`;

/** @param {any} f @param {string} [forId] */
function labelOf(f, forId = idOf(f)) {
  return h(
    "label",
    { for: forId, title: f.meaning },
    h("span", {}, capital(f.label)),
    f.symbol ? h("span", { class: "symbol", "aria-hidden": "true" }, f.symbol) : null,
  );
}

/** @type {Record<string, (f: any, p: Place) => any>} */
const MAKERS = {
  number(f, p) {
    const focus = (/** @type {string} */ part) => ({ "data-focus": `${f.key} ${part}` });
    if (f.axis) {
      const element = h(
        "div",
        { class: "field on-axis" },
        h(
          "span",
          { class: "name", title: f.meaning },
          h("span", {}, capital(f.label)),
          f.symbol ? h("span", { class: "symbol" }, f.symbol) : null,
        ),
        h("span", { class: "badge" }, `the map's ${f.axis} axis`),
      );
      return { element, set() {} };
    }
    const slider = f.slider;
    const log = slider?.scale === "log";
    const toPlace = (/** @type {number} */ v) =>
      log
        ? (FINE * Math.log(v / slider.low)) / Math.log(slider.high / slider.low)
        : (FINE * (v - slider.low)) / (slider.high - slider.low);
    const toValue = (/** @type {number} */ place) => {
      let v = log
        ? slider.low * (slider.high / slider.low) ** (place / FINE)
        : slider.low + ((slider.high - slider.low) * place) / FINE;
      if (slider.step) v = Math.round(v / slider.step) * slider.step;
      if (f.whole) return Math.round(v);
      return Number(v.toPrecision(3));
    };
    const text = h("input", {
      type: "text",
      id: idOf(f),
      inputmode: "decimal",
      spellcheck: "false",
      title: f.meaning,
      ...focus("text"),
      onchange: () => {
        const plain = text.value.trim();
        if (f.nullable && (plain === "" || plain === f.null_label)) return p.tell(null);
        const v = parsed(plain);
        p.tell(Number.isNaN(v) ? plain : v);
      },
      placeholder: f.nullable ? f.null_label : null,
    });
    const range = slider
      ? h("input", {
          type: "range",
          min: 0,
          max: FINE,
          step: 1,
          "aria-label": f.label,
          title: f.meaning,
          ...focus("range"),
          oninput: () => {
            const v = toValue(Number(range.value));
            text.value = typed(v);
            range.setAttribute("aria-valuetext", number(v));
            p.tell(v, true);
          },
        })
      : null;
    if (range && f.whole && !log && slider.high - slider.low < FINE)
      range.step = String(FINE / (slider.high - slider.low));
    const element = h("div", { class: "field number" }, labelOf(f), text, range);
    const set = (/** @type {any} */ state) => {
      const v = read(state, f.key) ?? (f.nullable ? null : f.default);
      if (document.activeElement !== text) text.value = v === null ? "" : typeof v === "number" ? typed(v) : String(v);
      if (!range) return;
      const at = v === null ? FINE : Math.max(0, Math.min(FINE, toPlace(v)));
      if (document.activeElement !== range || toValue(Number(range.value)) !== v)
        range.value = String(Number.isFinite(at) ? at : 0);
      range.setAttribute("aria-valuetext", v === null ? f.null_label : number(v));
      range.style.setProperty("--filled", `${(100 * Number(range.value)) / FINE}%`);
    };
    return { element, set, input: text };
  },

  choice(f, p) {
    const few =
      f.options.length <= 3 &&
      f.options.every((/** @type {any} */ o) => o.label.length <= 11) &&
      f.options.reduce((/** @type {number} */ n, /** @type {any} */ o) => n + o.label.length, 0) < 27;
    if (few && f.options.length > 1) {
      const name = idOf(f);
      const inputs = f.options.map((/** @type {any} */ o, /** @type {number} */ k) =>
        h("input", {
          type: "radio",
          name,
          id: idOf(f, `-${k}`),
          value: k,
          "data-focus": `${f.key} ${k}`,
          onchange: () => p.tell(o.value),
        }),
      );
      const element = h(
        "fieldset",
        { class: "field segments" },
        h("legend", { title: f.meaning }, capital(f.label)),
        h(
          "div",
          { class: "segment-row" },
          ...f.options.flatMap((/** @type {any} */ o, /** @type {number} */ k) => [
            inputs[k],
            h("label", { for: idOf(f, `-${k}`), title: o.meaning }, o.label),
          ]),
        ),
      );
      return {
        element,
        input: inputs[0],
        set(/** @type {any} */ state) {
          const v = read(state, f.key);
          inputs.forEach((/** @type {any} */ input, /** @type {number} */ k) => {
            input.checked = same(f.options[k].value, v);
          });
        },
      };
    }
    const select = h(
      "select",
      {
        id: idOf(f),
        title: f.meaning,
        "data-focus": f.key,
        onchange: () => p.tell(f.options[Number(select.value)].value),
      },
      ...f.options.map((/** @type {any} */ o, /** @type {number} */ k) =>
        h("option", { value: String(k), title: o.meaning }, o.label),
      ),
    );
    return {
      element: h("div", { class: "field choice" }, labelOf(f), select),
      input: select,
      set(/** @type {any} */ state) {
        const v = read(state, f.key),
          k = f.options.findIndex((/** @type {any} */ o) => same(o.value, v));
        select.value = String(k);
        const meaning = f.options[k]?.meaning;
        if (meaning) select.title = meaning;
      },
    };
  },

  text(f, p) {
    let timer = 0;
    const input = h("input", {
      type: "text",
      id: idOf(f),
      maxlength: f.max,
      spellcheck: "false",
      class: "formula",
      title: f.meaning,
      "data-focus": f.key,
      list: f.examples ? idOf(f, "-examples") : null,
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => p.tell(input.value), 350);
      },
    });
    const list = f.examples
      ? h(
          "datalist",
          { id: idOf(f, "-examples") },
          ...f.examples.map((/** @type {string} */ e) => h("option", { value: e })),
        )
      : null;
    return {
      element: h("div", { class: "field text" }, labelOf(f), input, list),
      input,
      set(/** @type {any} */ state) {
        if (document.activeElement !== input) input.value = read(state, f.key) ?? "";
      },
    };
  },

  toggle(f, p) {
    const input = h("input", {
      type: "checkbox",
      id: idOf(f),
      "data-focus": f.key,
      onchange: () => p.tell(input.checked),
    });
    return {
      element: h("div", { class: "field toggle" }, input, labelOf(f)),
      input,
      set(/** @type {any} */ state) {
        input.checked = Boolean(read(state, f.key));
      },
    };
  },

  units(f, p) {
    const rows = h("div", { class: "layers" });
    const add = h(
      "button",
      {
        type: "button",
        class: "small",
        "data-focus": `${f.key} add`,
        onclick: () => {
          const units = read(p.state(), f.key);
          p.tell([...units.slice(0, -1), 3, units.at(-1)]);
        },
      },
      icon(ICONS.plus),
      "layer",
    );
    const options = p.activations?.options ?? [];
    let shown = "";
    const set = (/** @type {any} */ state) => {
      const units = read(state, f.key) ?? [],
        activations = p.activations ? (read(state, p.activations.key) ?? []) : [];
      const key = JSON.stringify([units, activations]);
      if (key === shown) return;
      shown = key;
      add.disabled = units.length - 2 >= (f.max_layers ?? 8);
      const focused = /** @type {HTMLElement|null} */ (
        rows.contains(document.activeElement) ? document.activeElement : null
      )?.dataset.focus;
      rows.replaceChildren(
        h("div", { class: "layer end" }, h("span", {}, "inputs"), h("b", {}, String(units[0]))),
        ...units.slice(1, -1).map((/** @type {number} */ count, /** @type {number} */ l) => {
          const change = (/** @type {number} */ n) =>
            p.tell(units.map((/** @type {number} */ u, /** @type {number} */ k) => (k === l + 1 ? n : u)));
          const input = h("input", {
            type: "number",
            min: 1,
            max: f.max_units ?? 32,
            step: 1,
            value: count,
            "aria-label": `Units of hidden layer ${l + 1}`,
            "data-focus": `${f.key} ${l}`,
            onchange: () => change(Math.round(parsed(input.value)) || 1),
          });
          const select = options.length
            ? h(
                "select",
                {
                  "aria-label": `Activation of hidden layer ${l + 1}`,
                  "data-focus": `${f.key} activation ${l}`,
                  onchange: () =>
                    p.tell(
                      activations.map((/** @type {any} */ a, /** @type {number} */ k) =>
                        k === l ? options[Number(select.value)].value : a,
                      ),
                      false,
                      p.activations.key,
                    ),
                },
                ...options.map((/** @type {any} */ o, /** @type {number} */ k) =>
                  h("option", { value: String(k), title: o.meaning }, o.label),
                ),
              )
            : null;
          if (select) select.value = String(options.findIndex((/** @type {any} */ o) => o.value === activations[l]));
          const remove = h(
            "button",
            {
              type: "button",
              class: "quiet",
              "aria-label": `Remove hidden layer ${l + 1}`,
              title: "Remove this layer",
              onclick: () => p.tell(units.filter((/** @type {number} */ _, /** @type {number} */ k) => k !== l + 1)),
            },
            icon(ICONS.close),
          );
          return h("div", { class: "layer" }, h("span", {}, `layer ${l + 1}`), input, select, remove);
        }),
        h("div", { class: "layer end" }, h("span", {}, "outputs"), h("b", {}, String(units.at(-1)))),
      );
      if (focused)
        /** @type {HTMLElement|null} */ (rows.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
    };
    return {
      element: h("fieldset", { class: "field units" }, h("legend", { title: f.meaning }, capital(f.label)), rows, add),
      set,
      input: add,
    };
  },

  points(f, p) {
    const editor = new PointsEditor(f.classes ?? 3, f.max ?? 500, (points, live) => p.tell(points, live));
    editor.theme = p.theme();
    return {
      element: h(
        "div",
        { class: "field points" },
        h("span", { class: "name", title: f.meaning }, capital(f.label)),
        editor.element,
      ),
      theme: (/** @type {any} */ t) => (editor.theme = t),
      set(/** @type {any} */ state) {
        editor.points = read(state, f.key) ?? [];
      },
    };
  },

  table(f, p) {
    const input = h("input", {
      type: "file",
      id: idOf(f),
      accept: ".csv,.tsv,.txt,text/csv",
      "data-focus": f.key,
      onchange: () => input.files[0] && p.csv(input.files[0]),
    });
    const note = h(
      "p",
      { class: "note" },
      f.columns?.length ? `Columns: ${f.columns.join(", ")}` : "A table with a header line. It stays on this machine.",
    );
    return { element: h("div", { class: "field table" }, labelOf(f), input, note), input, set() {} };
  },

  vector(f, p) {
    const free = h("input", {
      type: "checkbox",
      id: idOf(f),
      "data-focus": f.key,
      onchange: () => p.tell(free.checked ? null : Array.from({ length: f.dimension }, (_, k) => f.now?.[k] ?? 0)),
    });
    const few = f.dimension <= 4;
    const inputs = few
      ? Array.from({ length: f.dimension }, (_, k) =>
          h("input", {
            type: "text",
            inputmode: "decimal",
            "aria-label": `Start: ${f.labels?.[k] ?? k + 1}`,
            "data-focus": `${f.key} ${k}`,
            onchange: () => {
              const v = inputs.map((/** @type {any} */ input) => parsed(input.value));
              if (v.every(Number.isFinite)) p.tell(v);
            },
          }),
        )
      : [];
    const row = h(
      "div",
      { class: "vector" },
      ...inputs.map((/** @type {any} */ input, /** @type {number} */ k) =>
        h("span", {}, h("span", { class: "symbol", "aria-hidden": "true" }, f.labels?.[k] ?? ""), input),
      ),
    );
    const element = h(
      "fieldset",
      { class: "field vector-field" },
      h("legend", { title: f.meaning }, capital(f.label)),
      h("label", { class: "check" }, free, f.null_label ?? "drawn from the seed"),
      few ? row : null,
    );
    return {
      element,
      input: free,
      set(/** @type {any} */ state) {
        const v = read(state, f.key);
        free.checked = v === null || v === undefined;
        free.disabled = !few && free.checked;
        row.hidden = free.checked;
        inputs.forEach((/** @type {any} */ input, /** @type {number} */ k) => {
          if (v && document.activeElement !== input) input.value = typed(v[k]);
        });
      },
    };
  },

  axis(f, p) {
    const name = h("select", {
      id: idOf(f),
      title: f.meaning,
      "data-focus": `${f.key} name`,
      onchange: () => {
        const axis = p.axes().find((a) => a.name === name.value);
        p.tell({ name: axis.name, low: axis.range[0], high: axis.range[1], scale: axis.scale });
      },
    });
    const end = (/** @type {"low"|"high"} */ which) => {
      const input = h("input", {
        type: "text",
        inputmode: "decimal",
        "aria-label": `${f.label}: ${which === "low" ? "from" : "to"}`,
        "data-focus": `${f.key} ${which}`,
        onchange: () => {
          const v = parsed(input.value);
          p.tell({ ...read(p.state(), f.key), [which]: Number.isNaN(v) ? input.value : v });
        },
      });
      return input;
    };
    const low = end("low"),
      high = end("high");
    const scale = h(
      "select",
      {
        "aria-label": `${f.label}: scale`,
        "data-focus": `${f.key} scale`,
        onchange: () => p.tell({ ...read(p.state(), f.key), scale: scale.value }),
      },
      h("option", { value: "linear" }, "linear"),
      h("option", { value: "log" }, "log"),
    );
    let listed = "";
    const set = (/** @type {any} */ state) => {
      const axis = read(state, f.key),
        axes = p.axes();
      const key = axes.map((a) => a.name).join();
      if (key !== listed) {
        listed = key;
        name.replaceChildren(
          ...axes.map((a) => h("option", { value: a.name, title: a.meaning }, a.label ?? words(a.name))),
        );
      }
      name.value = axis.name;
      if (document.activeElement !== low) low.value = typed(axis.low);
      if (document.activeElement !== high) high.value = typed(axis.high);
      scale.value = axis.scale;
    };
    return {
      element: h(
        "div",
        { class: "field axis" },
        labelOf(f),
        name,
        h("div", { class: "axis-range" }, low, h("span", { "aria-hidden": "true" }, "to"), high, scale),
      ),
      set,
      input: name,
    };
  },
};
