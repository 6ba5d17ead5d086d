package config

import (
	"github.com/agnivade/levenshtein"
)

// Closest is the word that the mistyped one most likely stands for, or "" if none is near: at most a third of its
// letters are wrong, or two, which is what a swapped pair counts. Of equally near words one with the same first letter
// wins, as people seldom mistype that.
func Closest(mistyped string, words []string) string {
	best, least := "", max(2, len(mistyped)/3)*2+1
	for _, word := range words {
		distance := 2 * levenshtein.ComputeDistance(mistyped, word)
		if mistyped == "" || word == "" || mistyped[0] != word[0] {
			distance++
		}
		if distance < least && distance < 2*len(mistyped) {
			best, least = word, distance
		}
	}
	return best
}
