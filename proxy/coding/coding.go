// Package coding knows the content codings that clients accept: which they are, and which of them a client prefers.
package coding

import (
	"bytes"

	"forebay/python"
)

// Coding is a content coding (RFC 9110, section 8.4.1).
type Coding uint8

// The codings, from the one that makes files largest to the one that makes them smallest.
const (
	Identity Coding = iota
	Gzip            // RFC 1952
	Zstd            // RFC 8878
	Brotli          // RFC 7932
	Count    int    = iota
)

// All are the codings that change something, the best first.
var All = [...]Coding{Brotli, Zstd, Gzip}

// String is the coding's name in Content-Encoding.
func (c Coding) String() string {
	return [...]string{"identity", "gzip", "zstd", "br"}[c]
}

// Ending is what the names of files in this coding end with, beside the files they were made from.
func (c Coding) Ending() string {
	return [...]string{"", ".gz", ".zst", ".br"}[c]
}

// Accepted are the codings that a client takes, each with its weight in thousandths; 0 means that it does not.
type Accepted [Count]uint16

// unsaid is the weight of a coding that is accepted because nothing was said against it: any other comes first.
const unsaid = 1

// Accept reads the Accept-Encoding of a request (RFC 9110, section 12.5.3). It allocates nothing. Without the field
// nothing but identity is accepted: who does not ask may not be able to read anything else.
func Accept(fields []python.Field) Accepted {
	var said weights
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len("accept-encoding") && python.EqualFold(f.Name, "accept-encoding") {
			said.read(f.Value)
		}
	}
	return said.accepted()
}

// weights are those that were said, plus one; 0 means that nothing was.
type weights struct {
	of  [Count]uint16
	any uint16
}

func (w *weights) read(list []byte) {
	for len(list) > 0 {
		var element []byte
		element, list, _ = bytes.Cut(list, []byte{','})
		name, params, _ := bytes.Cut(element, []byte{';'})
		weight := Weight(params) + 1
		switch name = bytes.TrimSpace(name); {
		case python.EqualFold(name, "br"):
			w.of[Brotli] = weight
		case python.EqualFold(name, "zstd"):
			w.of[Zstd] = weight
		case python.EqualFold(name, "gzip"), python.EqualFold(name, "x-gzip"): // section 8.4.1.3
			w.of[Gzip] = weight
		case python.EqualFold(name, "identity"):
			w.of[Identity] = weight
		case len(name) == 1 && name[0] == '*':
			w.any = weight
		}
	}
}

func (w *weights) accepted() (a Accepted) {
	for c, weight := range w.of {
		switch {
		case weight > 0:
			a[c] = weight - 1
		case Coding(c) == Identity && w.any != 1: // 1: "*;q=0"
			a[c] = unsaid
		case w.any > 0:
			a[c] = w.any - 1
		}
	}
	return a
}

// Weight is the weight that a parameter gives, in thousandths (RFC 9110, section 12.4.2); without one it is 1000. What cannot
// be read is 0.
func Weight(params []byte) uint16 {
	params = bytes.TrimSpace(params)
	if len(params) == 0 {
		return 1000
	}
	name, value, _ := bytes.Cut(params, []byte{'='})
	if !python.EqualFold(name, "q") || len(value) == 0 || len(value) > len("0.000") {
		return 0
	}
	weight := uint16(value[0]-'0') * 1000
	if value[0] > '1' || value[0] < '0' || len(value) > 1 && value[1] != '.' {
		return 0
	}
	place := uint16(100)
	for _, digit := range value[min(2, len(value)):] {
		if digit < '0' || digit > '9' {
			return 0
		}
		weight += uint16(digit-'0') * place
		place /= 10
	}
	return min(weight, 1000)
}

// Best is the coding with the greatest weight of those that has holds for; of several with the same weight, the one
// that makes files smallest. Identity is always there: where nothing that the client takes can be had, it is sent all
// the same, as an answer in another form is better than none.
func (a Accepted) Best(has func(Coding) bool) Coding {
	best := Identity
	for _, c := range All {
		if a[c] > a[best] && has(c) {
			best = c
		}
	}
	return best
}

// Quickest is the one of the Quick codings with the greatest weight, or Identity.
func (a Accepted) Quickest() Coding {
	best := Identity
	for _, c := range Quick {
		if a[c] > a[best] {
			best = c
		}
	}
	return best
}
