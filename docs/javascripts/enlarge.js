// A picture opens over the page when it is clicked, and closes at the next click or with Escape.
// Without this script its link leads to the picture.
for (const link of document.querySelectorAll("a.enlarge")) {
  link.addEventListener("click", event => {
    event.preventDefault()
    const dialog = document.createElement("dialog")
    dialog.className = "enlarged"
    const image = document.createElement("img")
    image.src = link.href
    image.alt = link.firstElementChild.alt
    dialog.append(image)
    dialog.addEventListener("click", () => dialog.close())
    dialog.addEventListener("close", () => dialog.remove())
    document.body.append(dialog)
    dialog.showModal()
  })
}
