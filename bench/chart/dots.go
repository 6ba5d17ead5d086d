package chart

import (
	"fmt"
	"math"
)

// Dots is a panel of rows with several figures each, on a scale of powers of ten.
type Dots struct {
	Title string
	Rows  []Row
}

// Row is figures in rising order, all above zero. Text says the last of them in words.
type Row struct {
	Kind   Kind
	Label  string
	Values []float64
	Text   string
}

// DrawDots draws the panels with one scale for all of them. The title names its unit.
func DrawDots(title, note string, panels []Dots) string {
	var d drawing
	low, high := decades(panels)
	heights := make([]float64, len(panels))
	for i, panel := range panels {
		heights[i] = titleHeight + rowHeight*float64(len(panel.Rows)) + axisHeight
	}
	d.height = place(heights, func(i int, x, y float64) { d.dots(panels[i], x, y, low, high) })
	return d.picture(title, note)
}

// decades are the powers of ten around all figures.
func decades(panels []Dots) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, panel := range panels {
		for _, row := range panel.Rows {
			for _, value := range row.Values {
				low, high = min(low, value), max(high, value)
			}
		}
	}
	if low > high {
		return 0, 1
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	return low, max(high, low+1)
}

func (d *drawing) dots(panel Dots, x, y, low, high float64) {
	d.text(x, y+18, "panel", "start", panel.Title)
	left := x + labelWidth
	top, bottom := y+titleHeight, y+titleHeight+rowHeight*float64(len(panel.Rows))
	at := func(value float64) float64 { return left + plotWidth*(math.Log10(value)-low)/(high-low) }
	for decade := low; decade <= high; decade++ {
		tick := at(math.Pow(10, decade))
		d.line(tick, top, tick, bottom, "grid")
		d.text(tick, bottom+15, "quiet", "middle", power(decade))
	}
	for i, row := range panel.Rows {
		d.row(row, x, top+rowHeight*(float64(i)+0.5), at)
	}
}

// power writes a power of ten.
func power(exponent float64) string {
	if exponent >= 3 {
		return fmt.Sprintf("%gk", math.Pow(10, exponent-3))
	}
	return fmt.Sprintf("%.*f", max(0, int(-exponent)), math.Pow(10, exponent))
}

// row draws the first figure as an open dot and the others full, each smaller than the one before, on a line.
func (d *drawing) row(row Row, x, middle float64, at func(float64) float64) {
	d.label(x, middle, row.Kind, row.Label)
	if len(row.Values) == 0 {
		return
	}
	first, last := row.Values[0], row.Values[len(row.Values)-1]
	class := classes[row.Kind]
	d.line(at(first), middle, at(last), middle, class)
	for i := len(row.Values) - 1; i >= 0; i-- {
		radius := 5 - float64(i)
		if i == 0 {
			d.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" class="%s open"/>`, at(first), middle, radius-0.5, class)
			continue
		}
		d.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" class="%s"/>`, at(row.Values[i]), middle, radius, class)
	}
	text := "quiet"
	if row.Kind == Ours {
		text = "ours-text"
	}
	d.text(x+panelWidth, middle+4, text, "end", row.Text)
}
