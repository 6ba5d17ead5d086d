package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"forebay/proxy/coding"
	"forebay/proxy/sidecar"
)

// writeSummary tells what was won by compressed copies.
func writeSummary(stdout io.Writer, s *sidecar.Summary, minSize int64, took time.Duration) {
	fmt.Fprintf(stdout, "%s in %s, %s\n", count(s.Files, "file"), counted(s.Dirs, "directory", "directories"), took.Round(10*time.Millisecond))
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, c := range coding.All {
		if t := s.Copies[c]; t.Written+t.Kept > 0 {
			fmt.Fprintf(table, "  %s\t%s\t%s → %s\t%d %%\n", c, copies(t), bytesText(t.Before), bytesText(t.After), percent(t.After, t.Before))
		}
	}
	_ = table.Flush() // a reader that left early wants no more of it
	for _, line := range restOf(s, minSize) {
		fmt.Fprintln(stdout, line)
	}
}

func copies(t sidecar.Tally) string {
	switch {
	case t.Kept == 0:
		return count(t.Written, "new file")
	case t.Written == 0:
		return fmt.Sprintf("%s as before", count(t.Kept, "file"))
	}
	return fmt.Sprintf("%s, %d as before", count(t.Written, "new file"), t.Kept)
}

// restOf tells what was left alone, and why, and what was removed.
func restOf(s *sidecar.Summary, minSize int64) []string {
	var lines, hopeless, removed []string
	for _, reason := range []struct {
		files int
		why   string
	}{
		{s.LeftAlone[sidecar.OtherType], "of types that do not get smaller"},
		{s.LeftAlone[sidecar.Small], "smaller than " + bytesText(minSize)},
		{s.LeftAlone[sidecar.Link], "that link to a directory, out of the directory or to nothing"},
	} {
		if reason.files > 0 {
			lines = append(lines, fmt.Sprintf("left alone: %d %s", reason.files, reason.why))
		}
	}
	for _, c := range coding.All {
		if n := s.Copies[c].Hopeless; n > 0 {
			hopeless = append(hopeless, fmt.Sprintf("%d in %s", n, c))
		}
		if n := s.Copies[c].Removed; n > 0 {
			removed = append(removed, fmt.Sprintf("%d in %s", n, c))
		}
	}
	if hopeless != nil {
		lines = append(lines, "not smaller by a tenth: "+strings.Join(hopeless, ", "))
	}
	if removed != nil {
		lines = append(lines, "removed, as they were not of what is in the file: "+strings.Join(removed, ", "))
	}
	return lines
}

func count(n int, what string) string { return counted(n, what, what+"s") }

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func percent(part, whole int64) int64 { return (part*100 + whole/2) / max(whole, 1) }

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	size, unit := float64(n), ""
	for _, unit = range []string{"B", "KiB", "MiB", "GiB"} {
		if size < 1024 || unit == "GiB" {
			break
		}
		size /= 1024
	}
	if unit == "B" || size == float64(int64(size)) {
		return fmt.Sprintf("%.0f %s", size, unit)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}
