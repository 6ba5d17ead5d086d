package compare

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"forebay/bench/report"
)

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) {
	page := &report.Page{}
	page.Heading("%s: %d connections, %d workers × %d threads", r.Scenario.Name, r.Load.Connections, r.Workers, r.Threads)
	page.Circumstances(r.Circumstances)
	page.Text("`wrk %s`, %d rounds in turn after %v of warm-up; median (min–max)",
		strings.Join(r.Load.args("http://127.0.0.1:PORT"+r.Scenario.Path), " "), r.Rounds, r.Warmup)
	r.writeFigures(page)
	r.writeRatios(page)
	page.Notes(r.peers(), r.Notes)
	page.Settings(r.peers())
	_, _ = page.WriteTo(w)
}

func (r *Report) peers() []report.Peer {
	peers := make([]report.Peer, 0, len(r.Peers))
	for _, one := range r.Peers {
		peers = append(peers, one.Peer)
	}
	return peers
}

func (r *Report) writeFigures(page *report.Page) {
	page.Table(append(append([]string{""}, figureNames()...), "errors", "not 2xx/3xx", "others")...)
	for _, peer := range r.Peers {
		cells := []string{peer.Name}
		for _, f := range figures {
			cells = append(cells, peer.Summary[f.name].Format(f.digits, ""))
		}
		failed, nonOK, others := int64(0), int64(0), 0.0
		for _, run := range peer.Runs {
			failed, nonOK, others = failed+run.Errors, nonOK+run.NonOK, max(others, run.Others)
		}
		page.Row(append(cells, strconv.FormatInt(failed, 10), strconv.FormatInt(nonOK, 10), fmt.Sprintf("≤ %.0f %%", others*100))...)
	}
	page.End()
}

// writeRatios writes nothing when there is nobody to compare with.
func (r *Report) writeRatios(page *report.Page) {
	if len(r.Peers) < 2 {
		return
	}
	page.Text("%s divided by each of the others, round by round:", r.Peers[0].Name)
	page.Table(append([]string{"over"}, figureNames()...)...)
	for _, peer := range r.Peers[1:] {
		cells := []string{peer.Name}
		for _, f := range figures {
			cells = append(cells, peer.Ratios[f.name].Format(2, "×"))
		}
		page.Row(cells...)
	}
	page.End()
}

func figureNames() []string {
	names := make([]string, 0, len(figures))
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}
