// <count-down seconds="12">: counts to zero in words, then tells it with the event "over". Quiet for screen readers.

import { seconds } from "/web/dom.js";

class CountDown extends HTMLElement {
  static observedAttributes = ["seconds"];
  #until = 0;
  #timer = null;

  connectedCallback() {
    this.setAttribute("role", "timer"); // which is not announced each second
    this.classList.add("number");
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  attributeChangedCallback(name, before, now) {
    this.#until = performance.now() + Number(now) * 1000;
    if (this.isConnected) this.#tick();
  }

  #tick() {
    const left = Math.max(0, (this.#until - performance.now()) / 1000);
    this.textContent = left < 1 ? "now" : seconds(Math.ceil(left));
    if (left > 0) return;
    clearInterval(this.#timer);
    this.dispatchEvent(new Event("over"));
  }
}

customElements.define("count-down", CountDown);
