// Runs before anything is drawn, so that a chosen scheme does not come with a flash of the other one.
{
  let theme = null;
  try { theme = localStorage.getItem("forebay.theme"); } catch { /* storage may be forbidden: the system's scheme then */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
