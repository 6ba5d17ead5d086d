// --- the token: asked for where the listener wants one ---

class Token {
  constructor(given) {
    this.form = byId("token");
    this.field = byId("token-value");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.give().then((fault) => {
        write(byId("token-fault"), fault);
        if (!fault) { this.hide(); given(); }
      });
    });
  }

  ask() {
    if (!this.form.hidden) return;
    show(this.form, true);
    this.field.focus();
  }

  hide() {
    this.field.value = "";
    show(this.form, false);
  }

  // give has the listener set its cookie, and returns what is wrong. It is a fetch, so that the token comes neither into the
  // history nor into the address bar.
  async give() {
    try {
      await fetch(`./?token=${encodeURIComponent(this.field.value)}`, { redirect: "manual", cache: "no-store" });
      const response = await fetch("api/status", { cache: "no-store" });
      return response.status === 401 ? "That is not the token." : "";
    } catch (fault) {
      return `No answer: ${fault.message}`;
    }
  }
}
