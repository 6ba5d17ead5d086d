// Package chaos loads each peer steadily while its workers are killed, recycled and reloaded, and its binary is replaced,
// and then counts: GETs that failed, and orders (POSTs) that were lost, run twice, or failed although nothing had begun
// them. The application writes every order down before and after it works on it, so what the clients were told can be
// compared with what happened.
//
// Everything is decided by the seed but the moments at which the machine runs what: two runs are alike, not the same.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"forebay/bench/peer"
	"forebay/bench/report"
)

// Main does what the command line says and returns when all peers have been stopped.
func Main(ctx context.Context, args []string) error {
	opts, err := parseOptions(args)
	if err != nil {
		return err
	}
	return opts.Run(ctx, func(ctx context.Context, kit peer.Kit) (report.Findings, error) { return run(ctx, opts, kit) })
}

func run(ctx context.Context, opts options, kit peer.Kit) (*Report, error) {
	circumstances, err := report.Now(kit)
	if err != nil {
		return nil, err
	}
	found := newReport(opts, circumstances)
	for _, name := range opts.Peers {
		peer.Progress(fmt.Sprintf("%v of chaos for %s", opts.Duration, name))
		if err := found.suffer(ctx, opts, kit, name); err != nil {
			return nil, fmt.Errorf("chaos for %s: %w", name, err)
		}
	}
	return found, nil
}

// page is what GETs are answered with.
const page = "Hello, world!\n"

// suffer lets one peer suffer, and judges it.
func (r *Report) suffer(ctx context.Context, opts options, kit peer.Kit, name string) error {
	book, err := openLedger(ctx, kit.Python, filepath.Join(kit.Root, "bench", "apps"), filepath.Join(kit.Temp, "ledger-"+name))
	if err != nil {
		return err
	}
	victim := peer.New(name, kit)
	defer victim.Stop()
	scenario := peer.Scenario{
		Name: "chaos", App: "ledger:application", Path: "/", Body: page, Dir: book.dir, MaxRequests: opts.MaxRequests,
	}
	if err := peer.Start(ctx, victim, scenario); err != nil {
		return err
	}
	// The plan is the same for every peer; the choice of the workers goes its own way.
	random := rand.New(rand.NewPCG(opts.Seed, 0)) //nolint:gosec // it has to be the same for the same seed
	t := &tormentor{
		victim: victim, source: book.source(), random: random, upgrades: name == "forebay", done: map[Torment]int{},
	}
	all, again, err := loadUnder(ctx, opts, t, opts.Plan.events(opts.Duration, random))
	if err != nil {
		return err
	}
	written, err := book.read(ctx)
	if err != nil {
		return err
	}
	log, err := victim.Log()
	if err == nil && opts.Logs != "" {
		err = os.WriteFile(filepath.Join(opts.Logs, name+".log"), []byte(log), 0o644)
	}
	if err != nil {
		return err
	}
	verdict := judge(page, all, again, written, log)
	verdict.Peer, verdict.Done = name, t.done
	r.Verdicts = append(r.Verdicts, verdict)
	r.Peers = append(r.Peers, report.Peers([]peer.Peer{victim})...)
	peer.Progress(verdict.String())
	return nil
}

// loadUnder loads the victim while it is tormented, and returns when both have ended.
func loadUnder(ctx context.Context, opts options, t *tormentor, events []event) ([]sent, int, error) {
	l := load{
		address: strings.TrimPrefix(t.victim.URL(), "http://"), rate: opts.Rate, connections: opts.Connections,
		duration: opts.Duration, patience: opts.Patience,
	}
	tormenting, stop := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() { failed <- t.run(tormenting, events) }() // ends by stop
	all, again := l.run(ctx)
	stop()
	err := errors.Join(<-failed, ctx.Err())
	return all, again, err
}

func (v Verdict) String() string {
	return fmt.Sprintf("%s: %d of %d GETs failed; of %d orders %d lost, %d doubled, %d failed while they ran, %d untouched; slowest GET %v",
		v.Peer, v.Gets.Failures(), v.Gets.Answered+v.Gets.Failures(), v.Orders, len(v.Lost), len(v.Doubled), total(v.Executing),
		total(v.Untouched), v.Gets.Max.Round(time.Millisecond))
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
