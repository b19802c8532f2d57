import { expect, test } from 'vitest'
import { reasonFault } from './reason.ts'

test('a reason is said, and is not too long', () => {
  expect(reasonFault(' x ')).toBeDefined()
  expect(reasonFault('x'.repeat(201))).toBeDefined()
  expect(reasonFault('read again')).toBeUndefined()
})
