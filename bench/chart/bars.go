package chart

// Bars is a panel of bars that begin at zero.
type Bars struct {
	Title string
	Bars  []Bar
}

// Bar is a figure with its spread: the whole way from Low to High is drawn over it. Text says the figure in words.
type Bar struct {
	Kind             Kind
	Label            string
	Value, Low, High float64
	Text             string
}

// DrawBars draws the panels, each with a scale of its own.
func DrawBars(title, note string, panels []Bars) string {
	var d drawing
	heights := make([]float64, len(panels))
	for i, panel := range panels {
		heights[i] = titleHeight + rowHeight*float64(len(panel.Bars))
	}
	d.height = place(heights, func(i int, x, y float64) { d.bars(panels[i], x, y) })
	return d.picture(title, note)
}

func (d *drawing) bars(panel Bars, x, y float64) {
	d.text(x, y+18, "panel", "start", panel.Title)
	most := 0.0
	for _, bar := range panel.Bars {
		most = max(most, bar.High, bar.Value)
	}
	left := x + labelWidth
	at := func(value float64) float64 {
		if most == 0 {
			return left
		}
		return left + plotWidth*value/most
	}
	for i, bar := range panel.Bars {
		middle := y + titleHeight + rowHeight*(float64(i)+0.5)
		d.label(x, middle, bar.Kind, bar.Label)
		d.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="%s"/>`,
			left, middle-barHeight/2, max(at(bar.Value)-left, 1), barHeight, classes[bar.Kind])
		end := at(bar.Value)
		if bar.High > bar.Low {
			d.line(at(bar.Low), middle, at(bar.High), middle, "spread")
			end = at(bar.High)
		}
		class := "quiet"
		if bar.Kind == Ours {
			class = "ours-text"
		}
		d.text(end+6, middle+4, class, "start", bar.Text)
	}
	d.line(left, y+titleHeight, left, y+titleHeight+rowHeight*float64(len(panel.Bars)), "grid")
}
