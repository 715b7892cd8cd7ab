// SPDX-License-Identifier: BSD-2-Clause
// Every device of hostile.def. Byte 0x50 of the CMOS RAM says which of them is present, so that
// test/vm/hostile.c meets them one by one; reading the _STA of VGTR notifies VGE0, as often and
// with the value that bytes 0x51 to 0x53 say. With ALL_PRESENT those that are met EVERYWHERE are
// there at once, for FreeBSD, which looks for devices once, at boot; with AT_BOOT those of BOOT.
#define TEN(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, \
        __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define TEN_(...) TEN (__VA_ARGS__)
#define TEN__(...) TEN_ (__VA_ARGS__)
#define HUNDRED(x) TEN_ (TEN (x))
#define THOUSAND(x) TEN__ (TEN_ (TEN (x)))
#define NEST4(x) Package (1) { Package (1) { Package (1) { Package (1) { x } } } }

#if defined ALL_PRESENT
#define IN_EVERYWHERE(...) __VA_ARGS__
#define IN_LINUX(...)
#define IN_WIDE(...)
#define IN_BESIDE(...)
#define IN_SLOW(...)
#define IN_BOOT(...)
#define IF_CHOSEN(h)
#elif defined AT_BOOT
#define IN_EVERYWHERE(...)
#define IN_LINUX(...)
#define IN_WIDE(...)
#define IN_BESIDE(...)
#define IN_SLOW(...)
#define IN_BOOT(...) __VA_ARGS__
#define IF_CHOSEN(h)
#else
#define IN_EVERYWHERE(...) __VA_ARGS__
#define IN_LINUX(...) __VA_ARGS__
#define IN_WIDE(...) __VA_ARGS__
#define IN_BESIDE(...) __VA_ARGS__
#define IN_SLOW(...) __VA_ARGS__
#define IN_BOOT(...)
#define IF_CHOSEN(h) Method (_STA) { If (LEqual (CHSN, 0x##h)) { Return (0x0F) } Return (0) }
#endif

#define HID Name (_HID, "VMGT0001")
#define CID Name (_CID, "VM_Gen_Counter")
#define GOOD Package (2) { 0x06000028, 0 }
#define ADDR_IS(...) Name (ADDR, __VA_ARGS__)
#define COMMON(h) HID CID IF_CHOSEN (h)

#define DEVICE(h, where, answer, what, ...) IN_##where (Device (VG##h) { __VA_ARGS__ })
#define METHOD(h, where, answer, what, ...) IN_##where (Device (VG##h) { COMMON (h) __VA_ARGS__ })
#define OBJECT(h, where, answer, what, ...) \
        IN_##where (Device (VG##h) { COMMON (h) Name (ADDR, __VA_ARGS__) })
#define PACKAGE(h, where, answer, what, count, first, second, ...) \
        IN_##where (Device (VG##h) { COMMON (h) Name (ADDR, Package (count) { __VA_ARGS__ }) })
#define PAIR(h, where, answer, what, low, high) \
        IN_##where (Device (VG##h) { COMMON (h) Name (ADDR, Package (2) { low, high }) })
#define EVENT(...)

DefinitionBlock ("", "SSDT", 2, "VMGENC", "HOSTILE", 1)
{
    External (\_SB.VGEN.ADDR, MethodObj)
    External (\GONE)

    Scope (\_SB)
    {
        OperationRegion (CMOS, SystemIO, 0x70, 2)
        Field (CMOS, ByteAcc, NoLock, Preserve) { CIDX, 8, CDAT, 8 }
        IndexField (CIDX, CDAT, ByteAcc, NoLock, Preserve)
        {
            Offset (0x50), CHSN, 8, VALU, 8, TIML, 8, TIMH, 8
        }

#include "hostile.def"

#if !defined ALL_PRESENT && !defined AT_BOOT
        Device (VGTR)
        {
            Name (_HID, "VMGT0000")
            Method (_STA)
            {
                Add (TIML, ShiftLeft (TIMH, 8), Local0)
                Store (VALU, Local1)
                Store (0, TIML)
                Store (0, TIMH)
                While (LGreater (Local0, 0))
                {
                    Notify (\_SB.VGE0, Local1)
                    Decrement (Local0)
                }
                Return (0x0F)
            }
        }
#endif
    }
}
