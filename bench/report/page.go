// Package report writes what the benchmarks have found: for readers as Markdown, and every single figure as JSON.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"forebay/bench/peer"
)

// Page is a page of Markdown that is being written. The zero value is an empty page.
type Page struct{ bytes.Buffer }

// Heading begins a section.
func (p *Page) Heading(format string, args ...any) {
	p.Text("## "+format, args...)
}

// Text writes a paragraph.
func (p *Page) Text(format string, args ...any) {
	fmt.Fprintf(p, format+"\n\n", args...)
}

// Table begins a table. All columns but the first are aligned to the right.
func (p *Page) Table(columns ...string) {
	p.Row(columns...)
	fmt.Fprintf(p, "|---|%s\n", strings.Repeat("---:|", len(columns)-1))
}

// Row writes a line of a table.
func (p *Page) Row(cells ...string) {
	fmt.Fprintf(p, "| %s |\n", strings.Join(cells, " | "))
}

// End ends a table.
func (p *Page) End() { fmt.Fprintln(p) }

// Circumstances writes where and with what the figures were got.
func (p *Page) Circumstances(c Circumstances) {
	p.Text("%s · %s, %d cores, %s, Linux %s, load average %s before the run", c.Date.Format("2006-01-02 15:04 MST"),
		c.Machine.CPU, c.Machine.Cores, c.Machine.Arch, c.Machine.Kernel, c.Machine.Load)
	versions := make([]string, 0, len(c.Versions))
	for _, name := range slices.Sorted(maps.Keys(c.Versions)) {
		versions = append(versions, name+": "+c.Versions[name])
	}
	p.Text("%s", strings.Join(versions, " · "))
}

// Notes writes what favours whom, each note once, as peers may share one, and then what holds for all.
func (p *Page) Notes(peers []Peer, common []string) {
	p.Text("What to know about these figures:")
	seen := map[string]bool{}
	for _, one := range peers {
		for _, note := range one.Settings.Notes {
			if !seen[note] {
				fmt.Fprintf(p, "- %s\n", note)
			}
			seen[note] = true
		}
	}
	for _, note := range common {
		fmt.Fprintf(p, "- %s\n", note)
	}
	p.End()
}

// Settings writes what was started, exactly.
func (p *Page) Settings(peers []Peer) {
	p.Text("Settings:")
	for _, one := range peers {
		fmt.Fprintf(p, "<details><summary>%s</summary>\n\n```\n%s\n```\n", one.Name, strings.Join(one.Settings.Commands, "\n"))
		for _, name := range slices.Sorted(maps.Keys(one.Settings.Files)) {
			fmt.Fprintf(p, "\n%s:\n\n```\n%s```\n", name, one.Settings.Files[name])
		}
		fmt.Fprint(p, "\n</details>\n\n")
	}
}

// Counts writes what was counted, by name.
func Counts(all map[string]int) string {
	if len(all) == 0 {
		return "0"
	}
	words := make([]string, 0, len(all))
	for _, what := range slices.Sorted(maps.Keys(all)) {
		words = append(words, fmt.Sprintf("%d × %s", all[what], what))
	}
	return strings.Join(words, ", ")
}

// Peer is a peer by its name, with what was started.
type Peer struct {
	Name     string        `json:"name"`
	Settings peer.Settings `json:"settings"`
}

// Peers are the peers as they were started.
func Peers(started []peer.Peer) []Peer {
	peers := make([]Peer, 0, len(started))
	for _, one := range started {
		peers = append(peers, Peer{Name: one.Name(), Settings: one.Settings()})
	}
	return peers
}

// Save writes figures into a file, as JSON.
func Save(path string, figures any) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
