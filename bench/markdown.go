package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// writeMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) writeMarkdown(w io.Writer) {
	page := &bytes.Buffer{}
	r.writeHead(page)
	r.writeFigures(page)
	r.writeRatios(page)
	r.writeNotes(page)
	r.writeSettings(page)
	_, _ = page.WriteTo(w)
}

func (r *Report) writeHead(page *bytes.Buffer) {
	fmt.Fprintf(page, "## %s: %d connections, %d workers × %d threads\n\n",
		r.Scenario.Name, r.Load.Connections, r.Workers, r.Threads)
	fmt.Fprintf(page, "%s · %s, %d cores, %s, Linux %s, load average %s before the run\n\n",
		r.Date.Format("2006-01-02 15:04 MST"), r.Machine.CPU, r.Machine.Cores, r.Machine.Arch, r.Machine.Kernel, r.Machine.Load)
	versions := make([]string, 0, len(r.Versions))
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		versions = append(versions, name+": "+r.Versions[name])
	}
	fmt.Fprintf(page, "%s\n\n", strings.Join(versions, " · "))
	fmt.Fprintf(page, "`wrk %s`, %d rounds in turn after %v of warm-up; median (min–max)\n\n",
		strings.Join(r.Load.args("http://127.0.0.1:PORT"+r.Scenario.Path), " "), r.Rounds, r.Warmup)
}

func (r *Report) writeFigures(page *bytes.Buffer) {
	row(page, append(append([]string{""}, figureNames()...), "errors", "not 2xx/3xx", "others")...)
	rule(page, len(figures)+4)
	for _, peer := range r.Peers {
		cells := []string{peer.Name}
		for _, f := range figures {
			cells = append(cells, format(peer.Summary[f.name], f.digits, ""))
		}
		failed, nonOK, others := int64(0), int64(0), 0.0
		for _, run := range peer.Runs {
			failed, nonOK, others = failed+run.Errors, nonOK+run.NonOK, max(others, run.Others)
		}
		row(page, append(cells, strconv.FormatInt(failed, 10), strconv.FormatInt(nonOK, 10), fmt.Sprintf("≤ %.0f %%", others*100))...)
	}
	fmt.Fprintln(page)
}

// writeRatios writes nothing when there is nobody to compare with.
func (r *Report) writeRatios(page *bytes.Buffer) {
	if len(r.Peers) < 2 {
		return
	}
	fmt.Fprintf(page, "%s divided by each of the others, round by round:\n\n", r.Peers[0].Name)
	row(page, append([]string{"over"}, figureNames()...)...)
	rule(page, len(figures)+1)
	for _, peer := range r.Peers[1:] {
		cells := []string{peer.Name}
		for _, f := range figures {
			cells = append(cells, format(peer.Ratios[f.name], 2, "×"))
		}
		row(page, cells...)
	}
	fmt.Fprintln(page)
}

// writeNotes writes what favours whom; peers may share a note.
func (r *Report) writeNotes(page *bytes.Buffer) {
	fmt.Fprint(page, "What to know about these figures:\n\n")
	seen := map[string]bool{}
	for _, peer := range r.Peers {
		for _, note := range peer.Settings.Notes {
			if !seen[note] {
				fmt.Fprintf(page, "- %s\n", note)
			}
			seen[note] = true
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(page, "- %s\n", note)
	}
	fmt.Fprintln(page)
}

func (r *Report) writeSettings(page *bytes.Buffer) {
	fmt.Fprint(page, "Settings:\n\n")
	for _, peer := range r.Peers {
		fmt.Fprintf(page, "<details><summary>%s</summary>\n\n```\n%s\n```\n", peer.Name, strings.Join(peer.Settings.Commands, "\n"))
		for _, name := range slices.Sorted(maps.Keys(peer.Settings.Files)) {
			fmt.Fprintf(page, "\n%s:\n\n```\n%s```\n", name, peer.Settings.Files[name])
		}
		fmt.Fprint(page, "\n</details>\n\n")
	}
}

func figureNames() []string {
	names := make([]string, 0, len(figures))
	for _, f := range figures {
		names = append(names, f.name)
	}
	return names
}

func row(page *bytes.Buffer, cells ...string) {
	fmt.Fprintf(page, "| %s |\n", strings.Join(cells, " | "))
}

// rule separates the head of a table; all columns but the first are aligned to the right.
func rule(page *bytes.Buffer, columns int) {
	fmt.Fprintf(page, "|---|%s\n", strings.Repeat("---:|", columns-1))
}

func format(s Spread, digits int, unit string) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	return fmt.Sprintf("%s%s (%s–%s)", number(s.Median), unit, number(s.Min), number(s.Max))
}
