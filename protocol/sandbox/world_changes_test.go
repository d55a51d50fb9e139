package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"echogate/protocol/sandbox"
)

func TestChangesInOrder(t *testing.T) {
	w, _ := newVillage(t)
	say(t, w, ann, square, "one")
	whisper(t, w, ann, bot, "two")
	_, err := w.RecallGroup(ann, square, 1, 0)
	equal(t, err, nil)

	first, c, err := w.Next(t.Context(), sandbox.Cursor{}, 2)
	equal(t, err, nil)
	rest, c, err := w.Next(t.Context(), c, 2)
	equal(t, err, nil)
	equal(t, c, w.End())
	var got []string
	for _, change := range append(first, rest...) {
		got = append(got, fmt.Sprint(change.Kind, " ", change.Message.Body.PlainText(), " ", change.Message.Recalled, change.Message.RecalledBy))
	}
	// What was said is told as it was then, although it has been recalled since.
	equal(t, got, []string{"said one false 0", "said two false 0", "recalled one true 10021"})

	again, _, err := w.Next(t.Context(), sandbox.Cursor{}, 0) // a cursor can be used twice; one is the least
	equal(t, err, nil)
	equal(t, again, first[:1])
}

func TestNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newVillage(t)
		say(t, w, ann, square, "before")
		from := w.End()
		heard := make(chan []sandbox.Change)
		for range 3 { // all who wait are woken
			go func() {
				changes, _, err := w.Next(t.Context(), from, 9)
				if err != nil {
					t.Error(err)
				}
				heard <- changes
			}()
		}
		synctest.Wait()
		select {
		case changes := <-heard:
			t.Fatalf("nobody spoke, but %v was heard", changes)
		default:
		}
		said := say(t, w, bot, square, "after")
		for range 3 {
			equal(t, <-heard, []sandbox.Change{{Kind: sandbox.Said, Message: said}})
		}
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newVillage(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		changes, c, err := w.Next(ctx, w.End(), 1)
		if !errors.Is(err, context.DeadlineExceeded) || changes != nil || c != w.End() {
			t.Errorf("got %v, %v, %v", changes, c, err)
		}
		// What is there is given even so: a session that ends can still drain.
		say(t, w, ann, square, "x")
		changes, _, err = w.Next(ctx, c, 1)
		equal(t, err, nil)
		equal(t, len(changes), 1)
	})
}

// TestManySpeakersManyReaders: every reader hears everything in the one order of the world, however slow it is.
func TestManySpeakersManyReaders(t *testing.T) {
	const speakers, each, readers = 4, 500, 3
	w, _ := newVillage(t)
	var all sync.WaitGroup
	for range speakers {
		all.Go(func() {
			for i := range each {
				if _, err := w.SayGroup(ann, square, 0, text("x")); err != nil {
					t.Error(err)
				}
				if _, err := w.SayPrivate(ann, bot, 0, 0, text("y")); err != nil {
					t.Error(err)
				}
				if i%50 == 0 {
					w.GroupMessages(square, 1, 100)
					w.Members(square)
				}
			}
		})
	}
	for r := range readers {
		all.Go(func() {
			var c sandbox.Cursor
			var id uint64
			var seq uint32
			for id < 2*speakers*each {
				changes, next, err := w.Next(t.Context(), c, 1+r*7)
				if err != nil {
					t.Error(err)
					return
				}
				for _, change := range changes {
					if id++; change.Message.ID != id {
						t.Errorf("reader %d heard message %d instead of %d", r, change.Message.ID, id)
						return
					}
					if change.Message.Group == square {
						if seq++; change.Message.Seq != seq {
							t.Errorf("reader %d heard seq %d instead of %d", r, change.Message.Seq, seq)
						}
					}
				}
				c = next
			}
		})
	}
	all.Wait()
}
