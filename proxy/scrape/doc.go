// Package scrape gives the state of a server to Prometheus, in its own formats.
//
// Each scrape is of one status.Picture, so that its numbers go together. Whatever clients send, the number of series is
// bounded: by the statuses that the application answers with, its configured path prefixes and limits, and the workers.
package scrape
