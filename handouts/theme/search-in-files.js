// The search, where the site is read from files. A page that comes from a file may neither fetch
// the index nor start a worker. So the index comes as a script, and the worker's script runs in a
// hidden frame, where it finds the two things that it knows a worker by.
"use strict";

if (location.protocol === "file:") {
  const place = new URL(document.currentScript.dataset.index, location);

  window.__search = {
    index: new Promise((found) => {
      window.tcplabSearchIndex = found;
      const script = document.createElement("script");
      script.src = place;
      document.head.append(script);
    }),
  };

  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #waiting = [];

    constructor(source) {
      super();
      this.#frame.hidden = true;
      this.#frame.title = "search";
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = inside.document.createElement("script");
      script.src = new URL(source, location);
      script.onload = () => this.#begin();
      inside.document.body.append(script);
    }

    #begin() {
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting.forEach((data) => this.#deliver(data));
    }

    #deliver(data) {
      const inside = this.#frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data);
      else this.#deliver(data);
    }

    terminate() {
      this.#frame.remove();
    }
  };
}
