package sidecar

import "forebay/proxy/coding"

// Summary is what was done.
type Summary struct {
	// Dirs are the directories that were looked through, and Files the files in them that copies can be made of.
	Dirs, Files int
	// Copies are what there is now, by coding.
	Copies [coding.Count]Tally
	// LeftAlone are files without copies, by the reason.
	LeftAlone [reasons]int
	// Faults are why some of it was not done: at most MaxFaults of them, and Failed counts all.
	Faults []error
	Failed int
}

// Tally is about the copies in one coding.
type Tally struct {
	// Written were made, Kept were there and right, Removed were wrong, and without use for a right one.
	Written, Kept, Removed int
	// Hopeless files do not get smaller by enough.
	Hopeless int
	// Before are the bytes of the files that have a copy, After those of the copies.
	Before, After int64
}

// Reason is why a file has no copies at all.
type Reason uint8

// The reasons.
const (
	OtherType Reason = iota // it is of a type that does not get smaller, or is unknown
	Small                   // it is smaller than Options.MinSize
	Link                    // it is a link to a directory, out of the directory or to nothing
	reasons
)

// MaxFaults is how many faults a Summary tells.
const MaxFaults = 20

func (s *Summary) fail(err error) {
	s.Failed++
	if len(s.Faults) < MaxFaults {
		s.Faults = append(s.Faults, err)
	}
}

// add counts what became of a job.
func (s *Summary) add(j job, o outcome) {
	if o.err != nil {
		s.fail(o.err)
		return
	}
	t := &s.Copies[j.coding]
	switch o.result {
	case written, kept:
		t.Before, t.After = t.Before+j.size, t.After+o.size
		if o.result == written {
			t.Written++
		} else {
			t.Kept++
		}
	case removed:
		t.Removed++
	case hopeless:
		t.Hopeless++
	case absent:
	}
}
