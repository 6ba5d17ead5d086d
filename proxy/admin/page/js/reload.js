// --- the reload: asked for twice, told about until its end ---

class Reload {
  constructor(tell) {
    this.tell = tell;
    this.told = undefined; // the time of the outcome that was there before, which is no news
    this.button = byId("reload");
    this.dialog = byId("reload-dialog");
    this.button.addEventListener("click", () => this.dialog.showModal());
    byId("reload-stay").addEventListener("click", () => this.dialog.close());
    byId("reload-go").addEventListener("click", () => { this.dialog.close(); this.start(); });
  }

  async start() {
    this.button.disabled = true;
    try {
      // A form of another site cannot send this field: the listener takes nothing that changes without it.
      const response = await fetch("api/reload", { method: "POST", headers: { "X-Forebay": "1" }, cache: "no-store" });
      this.tell(response.ok ? `Reload started at ${clock(Date.now() / 1000)}.` : `The reload was refused: ${response.status} ${await response.text()}`);
    } catch (fault) {
      this.tell(`The reload could not be asked for: ${fault.message}`);
    }
    this.button.disabled = false;
  }

  // draw tells the outcome of a reload once, whoever asked for it.
  draw(status) {
    const { time, ok, error } = status.reload ?? {};
    const news = time && this.told !== undefined && time !== this.told;
    this.told = time ?? null;
    if (!news) return;
    this.tell(ok ? `Reloaded at ${clock(time)}.` : `The reload at ${clock(time)} changed nothing: ${error}`);
  }
}
