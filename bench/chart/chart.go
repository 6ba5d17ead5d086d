// Package chart draws figures as SVG that reads well in light and dark: the picture has its own background, and its colours
// are those of the reader's scheme.
package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Kind says what a row stands for, and so how it is drawn.
type Kind uint8

// Kinds of rows: the one that the chart is about, those that it is compared with, and the limit of what is possible.
const (
	Other Kind = iota
	Ours
	Limit
)

var classes = map[Kind]string{Other: "other", Ours: "ours", Limit: "limit"}

// Measures, in pixels. Panels stand in two columns.
const (
	margin      = 16
	panelWidth  = 412
	labelWidth  = 148
	valueWidth  = 76
	plotWidth   = panelWidth - labelWidth - valueWidth
	rowHeight   = 19
	barHeight   = 12
	titleHeight = 30
	axisHeight  = 22
	topHeight   = 58
	width       = 2*panelWidth + 3*margin
)

// style has the colours of both schemes. All text is large enough to be read where the picture is scaled down to a page.
const style = `<style>
svg { --back: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --ours: #0969da; --other: #8c959f; --limit: #ffffff }
@media (prefers-color-scheme: dark) {
svg { --back: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --ours: #4493f8; --other: #6e7681; --limit: #0d1117 }
}
text { font: 12px system-ui, sans-serif; fill: var(--text) }
.title { font-size: 16px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.quiet { fill: var(--quiet) }
.ours-text { font-weight: 600 }
.back { fill: var(--back) }
.grid { stroke: var(--line) }
.ours { fill: var(--ours); stroke: var(--ours) }
.other { fill: var(--other); stroke: var(--other) }
.limit { fill: var(--limit); stroke: var(--quiet); stroke-dasharray: 3 2 }
.spread { stroke: var(--text); stroke-width: 1.5; fill: none }
.open { fill: var(--back) }
</style>
`

// drawing is a picture that is being drawn.
type drawing struct {
	strings.Builder
	height float64
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *drawing) text(x, y float64, class, anchor, text string) {
	d.add(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

// label writes the name of a row, to the left of where its figures are drawn.
func (d *drawing) label(x, middle float64, kind Kind, name string) {
	class := ""
	if kind == Ours {
		class = "ours-text"
	}
	d.text(x+labelWidth-8, middle+4, class, "end", name)
}

// place is where the panels stand: each row of two is as high as the higher one.
func place(heights []float64, put func(panel int, x, y float64)) (bottom float64) {
	y := float64(topHeight)
	for i := 0; i < len(heights); i += 2 {
		high := heights[i]
		put(i, margin, y)
		if i+1 < len(heights) {
			put(i+1, 2*margin+panelWidth, y)
			high = max(high, heights[i+1])
		}
		y += high + margin
	}
	return y
}

// picture is the whole SVG around what was drawn.
func (d *drawing) picture(title, note string) string {
	var out strings.Builder
	height := math.Ceil(d.height)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, "<title>%s</title>\n%s", html.EscapeString(title), style)
	fmt.Fprintf(&out, `<rect width="%d" height="%.0f" class="back"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text x="%d" y="26" class="title">%s</text>`+"\n", margin, html.EscapeString(title))
	fmt.Fprintf(&out, `<text x="%d" y="45" class="quiet">%s</text>`+"\n", margin, html.EscapeString(note))
	out.WriteString(d.String() + "</svg>\n")
	return out.String()
}
