// Package wrk loads a peer with wrk, which others have written and many know.
package wrk

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"forebay/bench/gauge"
	"forebay/bench/peer"
)

// Load is how wrk loads a peer.
type Load struct {
	Threads     int           `json:"threads"`
	Connections int           `json:"connections"`
	Duration    time.Duration `json:"duration_ns"`
	// More are further arguments of wrk.
	More []string `json:"more,omitempty"`
}

// Result is what wrk says of one run.
type Result struct {
	Requests  int64         `json:"requests"`
	PerSecond float64       `json:"requests_per_second"`
	P50       time.Duration `json:"p50_ns"`
	P75       time.Duration `json:"p75_ns"`
	P90       time.Duration `json:"p90_ns"`
	P99       time.Duration `json:"p99_ns"`
	Max       time.Duration `json:"max_ns"`
	// Errors are connections that could not be made, read or written, and answers that took more than 2 s.
	Errors int64 `json:"errors"`
	// NonOK are answers with a status from 400 on; wrk counts them as requests.
	NonOK int64 `json:"non_2xx_3xx"`
	// Own is the CPU time that wrk itself used.
	Own time.Duration `json:"wrk_cpu_ns"`
}

// Run is one run of one peer: what wrk says, and what the machine says of it.
type Run struct {
	Result
	gauge.Cost
}

// CPUPerRequest is the CPU time of the peer for each request, in microseconds.
func (r Run) CPUPerRequest() float64 { return r.CPU.Seconds() * 1e6 / float64(r.Requests) }

// grace is how long wrk may take beyond its duration: to connect, to calibrate and to close.
const grace = 30 * time.Second

// Args are the arguments of wrk.
func (l Load) Args(url string) []string {
	args := []string{
		fmt.Sprintf("-t%d", l.Threads), fmt.Sprintf("-c%d", l.Connections),
		fmt.Sprintf("-d%ds", int(l.Duration.Seconds())), "--latency",
	}
	return append(append(args, l.More...), url)
}

// Measure loads a path of a peer once, with the wrk at that place.
func (l Load) Measure(ctx context.Context, wrk string, one peer.Peer, path string) (run Run, err error) {
	run.Cost, err = gauge.Around(one, func() (own time.Duration, err error) {
		run.Result, err = l.Run(ctx, wrk, one.URL()+path)
		return run.Own, err
	})
	if err == nil && (run.Requests == 0 || run.CPU == 0) {
		err = fmt.Errorf("%d requests in %v of CPU time are nothing to compare", run.Requests, run.CPU)
	}
	return run, err
}

// Run loads the URL and returns what wrk says.
func (l Load) Run(ctx context.Context, wrk, url string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Duration+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, wrk, l.Args(url)...)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("load %s: %w", url, ctx.Err())
	}
	if err != nil {
		return Result{}, fmt.Errorf("load %s: %w\n%s", url, err, out)
	}
	result, err := parse(string(out))
	if err != nil {
		return Result{}, fmt.Errorf("load %s: %w; wrk said:\n%s", url, err, out)
	}
	result.Own = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return result, nil
}

var (
	requests     = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	perSecond    = regexp.MustCompile(`(?m)^Requests/sec:\s*([\d.]+)`)
	latency      = regexp.MustCompile(`(?m)^\s*Latency\s+\S+\s+\S+\s+(\S+)`) // average, deviation, maximum
	percentile   = regexp.MustCompile(`(?m)^\s*(50|75|90|99)%\s+(\S+)`)
	socketErrors = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	nonOK        = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// parse reads the output of wrk --latency. The two lines about errors are there only when there were any.
func parse(out string) (Result, error) {
	r := Result{}
	p := parser{out: out}
	p.integer(&r.Requests, requests)
	p.number(&r.PerSecond, perSecond)
	p.duration(&r.Max, latency)
	p.quantiles(map[string]*time.Duration{"50": &r.P50, "75": &r.P75, "90": &r.P90, "99": &r.P99})
	if strings.Contains(out, "Socket errors:") {
		p.integer(&r.Errors, socketErrors)
	}
	if strings.Contains(out, "Non-2xx") {
		p.integer(&r.NonOK, nonOK)
	}
	return r, errors.Join(p.faults...)
}

type parser struct {
	out    string
	faults []error
}

// find returns the groups of the pattern's match, or nothing and a fault.
func (p *parser) find(pattern *regexp.Regexp) []string {
	match := pattern.FindStringSubmatch(p.out)
	if match == nil {
		p.faults = append(p.faults, fmt.Errorf("read wrk's output: no match for %s", pattern))
		return nil
	}
	return match[1:]
}

func (p *parser) keep(err error) {
	if err != nil {
		p.faults = append(p.faults, fmt.Errorf("read wrk's output: %w", err))
	}
}

// integer adds up all groups of the pattern.
func (p *parser) integer(to *int64, pattern *regexp.Regexp) {
	for _, group := range p.find(pattern) {
		n, err := strconv.ParseInt(group, 10, 64)
		p.keep(err)
		*to += n
	}
}

func (p *parser) number(to *float64, pattern *regexp.Regexp) {
	for _, group := range p.find(pattern) {
		n, err := strconv.ParseFloat(group, 64)
		p.keep(err)
		*to = n
	}
}

// duration reads wrk's times, which are written as Go writes them: 870.00us, 7.93ms, 1.02s, 1.50m.
func (p *parser) duration(to *time.Duration, pattern *regexp.Regexp) {
	for _, group := range p.find(pattern) {
		d, err := time.ParseDuration(group)
		p.keep(err)
		*to = d
	}
}

func (p *parser) quantiles(to map[string]*time.Duration) {
	found := map[string]string{}
	for _, match := range percentile.FindAllStringSubmatch(p.out, -1) {
		found[match[1]] = match[2]
	}
	for quantile, place := range to {
		d, err := time.ParseDuration(found[quantile])
		p.keep(err)
		*place = d
	}
}
