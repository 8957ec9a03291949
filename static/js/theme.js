// [data-themes="<cookie>"]: radio buttons that set the theme at once and in the cookie that the server reads.
const YEAR = 31536000;

export function start() {
  document.addEventListener("change", (event) => {
    const themes = event.target.closest("[data-themes]");
    if (!themes) return;
    const theme = event.target.value;
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `${themes.dataset.themes}=${theme};path=/;max-age=${theme ? YEAR : 0};samesite=lax${secure}`;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  });
}
