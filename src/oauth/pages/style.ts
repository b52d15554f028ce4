/** One sheet for all screens: from 320 pixels, in light and dark, contrast of at least 7 to 1. */
export const STYLE = `:root{color-scheme:light dark;--ink:#111827;--paper:#fff;--line:#4b5563;--strong:#0b4a6f;--on:#fff;--warn:#7a2e0e;--band:#fff4d6}
@media(prefers-color-scheme:dark){:root{--ink:#f3f4f6;--paper:#111827;--line:#9ca3af;--strong:#9bd3f5;--on:#0b1220;--warn:#ffc9a8;--band:#3a2a08}}
*{box-sizing:border-box}
body{margin:0;font:1.0625rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:36rem;margin:0 auto;padding:1.25rem}
h1{font-size:1.5rem;line-height:1.25}
h2{font-size:1.125rem;margin-top:1.5rem}
label,legend{display:block;font-weight:600;margin-top:1rem}
fieldset{border:1px solid var(--line);border-radius:.375rem;padding:.25rem 1rem 1rem;margin:1rem 0}
fieldset label{font-weight:400;margin-top:.5rem}
input[type=text],input[type=password],input[type=date]{width:100%;font:inherit;color:inherit;background:inherit;padding:.625rem;border:1px solid var(--line);border-radius:.375rem;margin-top:.25rem}
input[type=radio],input[type=checkbox]{width:1.25rem;height:1.25rem;vertical-align:-.2rem;margin-right:.5rem}
button,a.button{font:inherit;font-weight:600;padding:.75rem 1.25rem;min-height:2.75rem;border-radius:.375rem;border:2px solid var(--strong);background:var(--strong);color:var(--on);margin:1rem .75rem 0 0;cursor:pointer}
a.button{display:inline-block;text-decoration:none;text-align:center}
ul.ways{list-style:none;padding:0}
ul.ways a{display:block;margin-right:0}
button.plain,a.button.plain{background:transparent;color:var(--strong)}
:focus-visible{outline:3px solid var(--strong);outline-offset:3px}
.notice{border-left:.3rem solid var(--warn);background:var(--band);padding:.75rem 1rem;margin:1rem 0}
.fault{border-left:.3rem solid var(--warn);padding:.75rem 1rem;color:var(--warn);font-weight:600}
li{margin:.375rem 0}
h3{font-size:1.0625rem;margin-top:1.5rem}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0 0 0 1rem}
a{color:var(--strong)}
`;
