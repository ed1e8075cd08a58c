/**
 * Style and icon of the pages, served from our own origin: the security policy (`default-src 'self'`) allows neither inline style
 * nor anyone else's.
 */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/><path d="M7 11h18v11H7z" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round"/><path d="m7 11 9 7 9-7" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round"/></svg>
`;

export const style = `:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --paper: #fff; --panel: #f5f7f9; --accent: #0f766e;
  --get: #1d4ed8; --post: #0f766e; --delete: #b42318;
  --code: #101828; --code-ink: #e6edf3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee; --soft: #9aa5b4; --line: #2b3442; --paper: #12171f; --panel: #1a212c; --accent: #2dd4bf;
    --get: #7aa2ff; --post: #2dd4bf; --delete: #ff8a80; --code: #0b0f15;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
.page { display: grid; grid-template-columns: 16rem minmax(0, 54rem); gap: 3rem; max-width: 78rem; margin: 0 auto; padding: 0 1.5rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 2.2rem 0; font-size: .92rem; }
nav b { display: block; margin: 1.2rem 0 .3rem; color: var(--soft); font-size: .75rem; letter-spacing: .08em; text-transform: uppercase; }
nav a { display: block; padding: .18rem 0; color: var(--ink); overflow-wrap: anywhere; }
main { padding: 2.2rem 0 6rem; min-width: 0; }
h1 { margin: 0 0 .3rem; font-size: 2.2rem; line-height: 1.2; letter-spacing: -.02em; }
h2 { margin: 3.2rem 0 .6rem; padding-top: 1.4rem; border-top: 1px solid var(--line); font-size: 1.4rem; }
h3 { margin: 2rem 0 .4rem; font-size: 1.05rem; }
.lead { color: var(--soft); font-size: 1.15rem; margin: 0 0 1.5rem; }
code { font: .9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: var(--panel); padding: .1em .35em; border-radius: .3em; overflow-wrap: anywhere; }
pre { margin: .8rem 0; padding: 1rem 1.2rem; border-radius: .6rem; background: var(--code); color: var(--code-ink); overflow: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.operation { margin: 1.2rem 0; border: 1px solid var(--line); border-radius: .7rem; overflow: hidden; }
.operation > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem .8rem; padding: .8rem 1.1rem; background: var(--panel); }
.operation > header code { background: none; font-weight: 600; padding: 0; }
.operation > header span:last-child { color: var(--soft); }
.operation > div { padding: .4rem 1.1rem .9rem; }
.verb { font: 700 .78rem ui-monospace, Menlo, monospace; letter-spacing: .04em; }
.get { color: var(--get); } .post { color: var(--post); } .delete { color: var(--delete); }
.scope { display: inline-block; padding: .05rem .6rem; border: 1px solid var(--line); border-radius: 1rem; color: var(--soft); font-size: .82rem; }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
.wide { overflow-x: auto; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.problem { max-width: 44rem; margin: 0 auto; padding: 4rem 1.5rem; }
@media (max-width: 60rem) { .page { display: block; } nav { position: static; max-height: none; padding-bottom: 0; columns: 2; } }
`;
