"""The Record Access Control Point: reports, counts and aborts; refuses to delete. Which records there are is the
device's business."""

import asyncio
import struct

from bumble.att import ATT_Error
from bumble.gatt import CharacteristicValue

from .peripheral import INDICATE, WRITE, characteristic

_REPORT, _DELETE, _ABORT, _COUNT, _COUNT_IS, _RESPONSE = range(1, 7)
_NULL, _ALL, _AT_MOST, _AT_LEAST, _WITHIN, _FIRST, _LAST = range(7)
_SUCCESS, _NO_SUCH_OPERATION, _WRONG_OPERATOR, _NO_SUCH_OPERATOR, _WRONG_OPERAND, _NO_RECORDS = range(1, 7)
_BUSY = 10
_BY_SEQUENCE = 1

# ATT errors of the profile.
_PROCEDURE_RUNS = 0xFE
_NOT_SUBSCRIBED = 0xFD


class RecordAccess:
    """The control point of one device.

    `records` gives pairs of sequence number and record, oldest first; `report` sends one and is False when the link
    went; `required` are the characteristics that must be subscribed before anything may be asked.
    """

    def __init__(self, device, records, report, required, wide=False):
        self.device = device
        self.records = records
        self.report = report
        self.required = required
        self.count_format, self.operand = ("<I", struct.Struct("<I")) if wide else ("<H", struct.Struct("<H"))
        self.running = None
        self.forget_faults()
        self.point = characteristic("2A52", WRITE | INDICATE, CharacteristicValue(write=self._written))

    def forget_faults(self):
        self.has_at_least = True
        self.busy_answers = 0
        #: After so many reported records the link is lost; None = never.
        self.lose_link_after = None
        self.requests = []

    def _written(self, _connection, value):
        if not all(self.device.subscribed(each) for each in [self.point, *self.required]):
            raise ATT_Error(_NOT_SUBSCRIBED)
        self.requests.append(value.hex())
        operation = value[0] if value else 0
        running = self.running is not None and not self.running.done()
        if operation == _ABORT:
            if running:
                self.running.cancel()
            self.device.spawn(self._respond(_ABORT, _SUCCESS))
            return
        if running:
            raise ATT_Error(_PROCEDURE_RUNS)
        self.running = self.device.spawn(self._procedure(operation, value[1:]))

    async def _procedure(self, operation, rest):
        if operation not in (_REPORT, _COUNT):
            return await self._respond(operation, _NO_SUCH_OPERATION)
        if self.busy_answers > 0:
            self.busy_answers -= 1
            return await self._respond(operation, _BUSY)
        chosen, fault = self._choose(rest)
        if fault is not None:
            return await self._respond(operation, fault)
        if operation == _COUNT:
            count = struct.pack(self.count_format, len(chosen))
            return await self.device.send(self.point, bytes([_COUNT_IS, _NULL]) + count)
        if not chosen:
            return await self._respond(_REPORT, _NO_RECORDS)
        for reported, record in enumerate(chosen, start=1):
            if not await self.report(record):
                return None
            if reported == self.lose_link_after:
                self.lose_link_after = None
                # What was sent is on its way; the link must not overtake it.
                await asyncio.sleep(0.2)
                self.device.lose_link()
                return None
            # Room for everybody else on this loop, and an abort to come through.
            await asyncio.sleep(0.002)
        return await self._respond(_REPORT, _SUCCESS)

    def _choose(self, rest):
        """The chosen records, or the code of the fault."""
        records = self.records()
        operator = rest[0] if rest else _NULL
        if operator == _ALL:
            return [record for _, record in records], None if len(rest) == 1 else _WRONG_OPERAND
        if operator in (_FIRST, _LAST):
            return [record for _, record in (records[:1] if operator == _FIRST else records[-1:])], None
        if operator not in (_AT_MOST, _AT_LEAST, _WITHIN):
            return [], _WRONG_OPERATOR
        if not self.has_at_least:
            return [], _NO_SUCH_OPERATOR
        size, bounds = self.operand.size, 2 if operator == _WITHIN else 1
        if len(rest) != 2 + bounds * size or rest[1] != _BY_SEQUENCE:
            return [], _WRONG_OPERAND
        numbers = [self.operand.unpack_from(rest, 2 + place * size)[0] for place in range(bounds)]
        low = numbers[0] if operator != _AT_MOST else 0
        high = numbers[-1] if operator != _AT_LEAST else 0xFFFFFFFF
        return [record for sequence, record in records if low <= sequence <= high], None

    async def _respond(self, operation, code):
        return await self.device.send(self.point, bytes([_RESPONSE, _NULL, operation, code]))

    def command(self, words):
        """The faults a test can ask for; None when the command is not about records."""
        if words["do"] == "interrupt":
            self.lose_link_after = words["after"]
        elif words["do"] == "busy":
            self.busy_answers = words["times"]
        elif words["do"] == "without_at_least":
            self.has_at_least = False
        elif words["do"] == "requests":
            return {"requests": self.requests}
        else:
            return None
        return {}
