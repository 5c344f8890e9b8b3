//! Charts as SVG without scripts, readable on light and dark pages.

use crate::results::Results;
use crate::scenario::Scenario;
use crate::subject::Subject;

/// The scenarios that are drawn, each with what it says.
const GROUPS: [(Scenario, &str); 5] = [
    (Scenario::Get, "GET, answered by Envoy"),
    (Scenario::Post, "POST with 1 KiB of JSON, answered by Envoy"),
    (Scenario::GetRs256Uncached, "GET, each time another token"),
    (Scenario::GetUpstream, "GET with an upstream"),
    (Scenario::PostUpstream, "POST with an upstream"),
];
const WIDTH: f64 = 960.0;
/// Where bars begin, and how far the longest goes; behind it stands its figure.
const LEFT: f64 = 150.0;
const LONGEST: f64 = 690.0;
const TOP: f64 = 62.0;
const BAR: f64 = 20.0;
const STEP: f64 = 26.0;
const GROUP_TITLE: f64 = 28.0;
const GROUP_GAP: f64 = 16.0;

/// The look that the figures of the docs share.
pub(crate) const STYLE: &str = r#"<style>
    .page { fill: #ffffff; stroke: #d0d7de }
    .other { fill: #afb8c1 }
    .ours { fill: #0969da }
    .axis { stroke: #57606a; stroke-width: 1; fill: none }
    .spread { stroke: #1f2328; stroke-width: 1.4; fill: none }
    .line { stroke: #0969da; stroke-width: 1.6; fill: none }
    .dashed { stroke-dasharray: 5 4 }
    .dot { fill: #0969da; stroke: #0969da }
    .ring { fill: #ffffff; stroke: #0969da; stroke-width: 1.6 }
    text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2328 }
    .title { font-size: 15px; font-weight: 600 }
    .group { font-weight: 600; fill: #424a53 }
    .small { font-size: 12px; fill: #424a53 }
    .right { text-anchor: end }
    .middle { text-anchor: middle }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #30363d }
      .other { fill: #6e7681 }
      .ours { fill: #58a6ff }
      .axis { stroke: #8b949e }
      .spread { stroke: #e6edf3 }
      .line { stroke: #58a6ff }
      .dot { fill: #58a6ff; stroke: #58a6ff }
      .ring { fill: #0d1117; stroke: #58a6ff }
      text { fill: #e6edf3 }
      .small, .group { fill: #b1bac4 }
    }
  </style>"#;

/// CPU per request, a bar for each subject in each scenario that was measured.
pub(crate) fn bars(results: &Results) -> String {
    let longest = results.measured.iter().map(|one| one.cpu_us().high).fold(1.0, f64::max);
    let scale = LONGEST / longest;
    let mut body = String::new();
    let mut y = TOP;
    for (scenario, title) in GROUPS {
        let measured: Vec<_> = results.measured.iter().filter(|one| one.scenario == scenario).collect();
        if measured.is_empty() {
            continue;
        }
        body.push_str(&text("group", 24.0, y + 14.0, title));
        y += GROUP_TITLE;
        for one in measured {
            body.push_str(&bar(one.subject, y, one.cpu_us().median * scale, scale, one.cpu_us()));
            y += STEP;
        }
        y += GROUP_GAP;
    }
    let about = "CPU time of the whole server process for each request in microseconds, for each way of serving the \
                 same API. Shorter is better; the thin line spans the quartiles of all rounds.";
    page(y + 8.0, "CPU per request, in µs", about, &body)
}

/// A page of this height with a title.
pub(crate) fn page(height: f64, title: &str, about: &str, body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-labelledby="title about">
  <title id="title">{title}</title>
  <desc id="about">{about}</desc>
  {STYLE}
  <rect class="page" x="0.5" y="0.5" width="{:.0}" height="{:.0}" rx="8"/>
  <text class="title" x="24" y="34">{title}</text>
{body}</svg>
"#,
        WIDTH - 1.0,
        height - 1.0,
    )
}

/// A line of text. What it says must hold neither `<` nor `&`.
pub(crate) fn text(class: &str, x: f64, y: f64, words: &str) -> String {
    format!("  <text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>\n")
}

fn bar(subject: Subject, y: f64, length: f64, scale: f64, cpu: crate::statistics::Spread) -> String {
    let class = if matches!(subject, Subject::Chain | Subject::Pipeline) { "ours" } else { "other" };
    let middle = y + BAR / 2.0;
    let (low, high) = (LEFT + cpu.low * scale, LEFT + cpu.high * scale);
    let name = text("small right", LEFT - 8.0, middle + 4.0, &subject.name());
    let figure =
        text("small", LEFT + length.max(cpu.high * scale) + 8.0, middle + 4.0, &format!("{:.1}", cpu.median));
    format!(
        "{name}  <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\n  \
         <path class=\"spread\" d=\"M{low:.1} {middle:.1} H{high:.1}\"/>\n{figure}"
    )
}
