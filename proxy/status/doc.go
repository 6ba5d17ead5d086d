// Package status puts together what a running server is doing: the document that the admin listener gives away as JSON and
// that the live page and the commands show.
//
// A Server is made once of the parts of a server; each Status is a picture of one moment. To take one costs some tens of
// microseconds and holds no lock that a request waits for longer than it takes to copy a few numbers.
package status
