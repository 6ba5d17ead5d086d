package trace

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// sampler decides which requests are traced.
type sampler struct {
	// bound is compared with 63 bits of the trace's id, as all of OpenTelemetry's samplers do it: so they agree.
	bound uint64
	// follow says that where the request comes from a span, its decision counts.
	follow bool
}

const (
	never  = uint64(0)
	always = uint64(1) << 63
)

// sampler reads which one is wanted. The default is that of OpenTelemetry.
func (e *environ) sampler() sampler {
	usual := sampler{always, true}
	name, text := e.get("OTEL_TRACES_SAMPLER")
	kind, follow := strings.CutPrefix(strings.ToLower(text), "parentbased_")
	switch kind {
	case "":
		return usual
	case "always_on":
		return sampler{always, follow}
	case "always_off":
		return sampler{never, follow}
	case "traceidratio":
		return sampler{e.ratio(), follow}
	}
	e.fault(name, "want always_on, always_off, traceidratio, or one of them after parentbased_, not %q", text)
	return usual
}

// ratio is the bound for a part of all traces.
func (e *environ) ratio() uint64 {
	name, text := e.get("OTEL_TRACES_SAMPLER_ARG")
	if text == "" {
		return always
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) { // not a number is none of either
		e.fault(name, "want a number from 0 to 1, not %q", text)
		return always
	}
	return uint64(ratio * float64(always))
}

// sample decides about a request of a trace.
func (s sampler) sample(parent *Parent, trace ID) bool {
	if s.follow && parent != nil {
		return parent.Flags&FlagSampled != 0
	}
	return binary.BigEndian.Uint64(trace[8:])>>1 < s.bound
}
