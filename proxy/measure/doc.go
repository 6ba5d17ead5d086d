// Package measure counts what the server answers: how many requests, with which status, by whom, and how long each part of
// their way took.
//
// It promises that to count a request costs it some tens of nanoseconds, allocates nothing and takes no lock that others
// share, but for the few that are among the slowest or went wrong; that what it keeps is bounded whatever clients send; and
// that nothing is counted twice or lost: its sums are those of the access log.
//
// Counters only ever grow. Once a second Run takes the difference to what they were, which makes the percentiles of the
// last minute and the history.
package measure
