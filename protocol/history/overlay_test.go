package history

import (
	"strings"
	"testing"

	"echogate/protocol"
)

func TestOverlayKeepsTheNewest(t *testing.T) {
	o := newOverlay()
	for seq := range uint32(overlayRows + 5) {
		m := said(seq+1, "x")
		o.put(newRow(int32(seq+1), &m, false))
	}
	for id, want := range map[int32]bool{1: false, 5: false, 6: true, overlayRows + 5: true} {
		if _, ok := o.get(id); ok != want {
			t.Errorf("get(%d) = %v", id, ok)
		}
		if found := o.candidates(said(uint32(id), "").Ref); (len(found) == 1) != want {
			t.Errorf("candidates of %d: %v", id, found)
		}
	}
	kept, dropped := o.content()
	if len(kept) != overlayRows || dropped != 5 || kept[0].id != 6 {
		t.Errorf("%d kept from %d, %d dropped", len(kept), kept[0].id, dropped)
	}
	o.clear()
	if kept, dropped := o.content(); len(kept) != 0 || dropped != 0 || o.bytes != 0 || len(o.places) != 0 {
		t.Errorf("after clear: %d kept, %d dropped, %d bytes, %d places", len(kept), dropped, o.bytes, len(o.places))
	}
}

func TestOverlayIsBoundedInBytes(t *testing.T) {
	o := newOverlay()
	big := said(1, strings.Repeat("x", overlayBytes/4))
	for id := range int32(8) {
		o.put(newRow(id+1, &big, false))
	}
	if kept, dropped := o.content(); len(kept) != 3 || dropped != 5 || o.bytes > overlayBytes {
		t.Errorf("%d kept, %d dropped, %d bytes", len(kept), dropped, o.bytes)
	}
	huge := said(2, strings.Repeat("x", 2*overlayBytes))
	o.put(newRow(9, &huge, false))
	if _, ok := o.get(9); !ok {
		t.Error("the newest message was dropped")
	}
}

func TestOverlayReplaces(t *testing.T) {
	o := newOverlay()
	standIn, whole := said(1, ""), said(1, "whole")
	o.put(newRow(1, &standIn, true))
	if seq := o.lastSeqOf(whole.Ref.Chat); seq != 0 {
		t.Errorf("a stand-in counts as seq %d", seq)
	}
	o.put(newRow(1, &whole, false))
	if here, there := o.lastSeqOf(whole.Ref.Chat), o.lastSeqOf(protocol.GroupChat(101)); here != 1 || there != 0 {
		t.Errorf("last seqs %d and %d", here, there)
	}
	kept, _ := o.content()
	if len(kept) != 1 || kept[0].standIn || o.bytes != kept[0].size() {
		t.Errorf("kept %+v in %d bytes", kept, o.bytes)
	}
	if found := o.candidates(whole.Ref); len(found) != 1 || found[0].standIn {
		t.Errorf("candidates %+v", found)
	}
}
