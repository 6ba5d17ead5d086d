// Package slowhttp lets slowhttptest, a tool that others have written for others, attack each peer in its four modes, and
// reports in which seconds it found the service available. The peers run with their own deadlines.
package slowhttp

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"forebay/bench/peer"
	"forebay/bench/report"
)

const tool = "slowhttptest"

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return run(ctx, opts, kit) }, tool)
}

// Report is the outcome of all attacks.
type Report struct {
	report.Circumstances
	Attack   Attack        `json:"attack"`
	Outcomes []Outcome     `json:"outcomes"`
	Peers    []report.Peer `json:"peers"`
}

func run(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	circumstances, err := report.Now(kit)
	if err != nil {
		return nil, err
	}
	found := &Report{Circumstances: circumstances, Attack: opts.Attack}
	for _, name := range opts.Peers {
		if err := found.attack(ctx, opts, kit, name); err != nil {
			return nil, fmt.Errorf("attack %s: %w", name, err)
		}
	}
	return found, nil
}

// attack starts one peer and attacks it in one mode after the other.
func (r *Report) attack(ctx context.Context, opts options, kit peer.Kit, name string) error {
	one := peer.New(name, kit)
	defer one.Stop()
	if err := peer.Start(ctx, one, peer.Slow); err != nil {
		return err
	}
	r.Peers = append(r.Peers, report.Peers([]peer.Peer{one})...)
	for _, mode := range Modes {
		peer.Progress(fmt.Sprintf("slowhttptest %s against %s", mode.Name, name))
		seconds, err := opts.Attack.Run(ctx, kit.Tools[tool], one.URL(), kit.Temp, mode)
		if err != nil {
			return err
		}
		command := strings.Join(append([]string{tool}, opts.Attack.args(mode, "http://127.0.0.1:PORT", "FILE")...), " ")
		r.Outcomes = append(r.Outcomes, Outcome{Peer: name, Mode: mode.Name, Command: command, Seconds: seconds})
		if err := one.Alive(); err != nil {
			return err
		}
	}
	return nil
}

// WriteMarkdown writes the report for a reader. An error of the writer is not looked for: it goes to a terminal.
func (r *Report) WriteMarkdown(w io.Writer) {
	page := &report.Page{}
	page.Heading("slowhttptest: %d connections, %d workers × %d threads", r.Attack.Connections, r.Workers, r.Threads)
	page.Circumstances(r.Circumstances)
	page.Text("“service available” as slowhttptest says it in each second: + is yes, - is no. Its probe waits %v.", r.Attack.Probe)
	page.Table("", "mode", "available in", "connected at most", "closed", "service available")
	for _, outcome := range r.Outcomes {
		connected, closed := outcome.most()
		page.Row(outcome.Peer, outcome.Mode+" "+about(outcome.Mode),
			fmt.Sprintf("%d of %d", outcome.available(), len(outcome.Seconds)),
			strconv.Itoa(connected), strconv.Itoa(closed), "`"+outcome.timeline()+"`")
	}
	page.End()
	page.Text("```\n%s\n```", strings.Join(commands(r.Outcomes), "\n"))
	page.Settings(r.Peers)
	_, _ = page.WriteTo(w)
}

func about(name string) string {
	for _, mode := range Modes {
		if mode.Name == name {
			return mode.About
		}
	}
	return ""
}

// commands are those that were run, each once.
func commands(outcomes []Outcome) []string {
	var all []string
	seen := map[string]bool{}
	for _, outcome := range outcomes {
		if !seen[outcome.Command] {
			all = append(all, outcome.Command)
		}
		seen[outcome.Command] = true
	}
	return all
}
