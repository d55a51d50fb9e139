//go:build race

package racelist

const detecting = true
