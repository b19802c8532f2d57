// What jsdom leaves out and the window uses: sizes of elements that change, and modal dialogs.
class NoResize implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.setAttribute('open', '')
}
// Canvases have no pen there: what is drawn is tested where it is drawn.
HTMLCanvasElement.prototype.getContext = () => null
