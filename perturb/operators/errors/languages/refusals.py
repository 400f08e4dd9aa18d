"""How we refuse a call ourselves (`perturb.toolset`, `perturb.signatures`), and what the operators that fail calls say."""

from __future__ import annotations

REFUSALS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "Unknown tool: {tool}",
        "Unbekanntes Werkzeug: {tool}",
        "Outil inconnu : {tool}",
        "Herramienta desconocida: {tool}",
        "不明なツールです: {tool}",
    ),
    (
        "Invalid arguments for {tool}: expected a JSON object",
        "Ungültige Argumente für {tool}: ein JSON-Objekt wird erwartet",
        "Arguments non valides pour {tool} : un objet JSON est attendu",
        "Argumentos no válidos para {tool}: se espera un objeto JSON",
        "{tool} の引数が無効です: JSON オブジェクトが必要です",
    ),
    (
        "Invalid arguments for {tool}: they are not JSON ({reason})",
        "Ungültige Argumente für {tool}: sie sind kein JSON ({reason})",
        "Arguments non valides pour {tool} : ce n'est pas du JSON ({reason})",
        "Argumentos no válidos para {tool}: no son JSON ({reason})",
        "{tool} の引数が無効です: JSON ではありません ({reason})",
    ),
    (
        "Invalid arguments for {tool}: '{field}' is required",
        "Ungültige Argumente für {tool}: '{field}' ist erforderlich",
        "Arguments non valides pour {tool} : '{field}' est obligatoire",
        "Argumentos no válidos para {tool}: '{field}' es obligatorio",
        "{tool} の引数が無効です: '{field}' は必須です",
    ),
    (
        "Invalid arguments for {tool}: '{field}' is not an argument",
        "Ungültige Argumente für {tool}: '{field}' ist kein Argument",
        "Arguments non valides pour {tool} : '{field}' n'est pas un argument",
        "Argumentos no válidos para {tool}: '{field}' no es un argumento",
        "{tool} の引数が無効です: '{field}' という引数はありません",
    ),
    (
        "Invalid argument for {tool}: '{field}' is not accepted",
        "Ungültiges Argument für {tool}: '{field}' wird nicht angenommen",
        "Argument non valide pour {tool} : '{field}' n'est pas accepté",
        "Argumento no válido para {tool}: '{field}' no se acepta",
        "{tool} の引数が無効です: '{field}' は受け付けられません",
    ),
    (
        "The service is temporarily unavailable. Nothing was changed; please try the same call again.",
        "Der Dienst ist vorübergehend nicht verfügbar. Es wurde nichts geändert; bitte denselben Aufruf erneut versuchen.",
        "Le service est temporairement indisponible. Rien n'a été modifié ; veuillez réessayer le même appel.",
        "El servicio no está disponible temporalmente. No se ha cambiado nada; repita la misma llamada de nuevo.",
        "サービスは一時的に利用できません。何も変更されていません。同じ呼び出しをもう一度お試しください。",
    ),
    (
        "Too many requests. Nothing was changed; please wait and try the same call again.",
        "Zu viele Anfragen. Es wurde nichts geändert; bitte warten und denselben Aufruf erneut versuchen.",
        "Trop de requêtes. Rien n'a été modifié ; veuillez patienter puis réessayer le même appel.",
        "Demasiadas solicitudes. No se ha cambiado nada; espere y repita la misma llamada de nuevo.",
        "リクエストが多すぎます。何も変更されていません。しばらく待ってから同じ呼び出しをもう一度お試しください。",
    ),
    (
        "(429 Too Many Requests; Retry-After: {seconds})",
        "(429 Zu viele Anfragen; Retry-After: {seconds})",
        "(429 Trop de requêtes ; Retry-After: {seconds})",
        "(429 Demasiadas solicitudes; Retry-After: {seconds})",
        "(429 リクエスト過多; Retry-After: {seconds})",
    ),
    (
        "The request timed out. Please try the same call again.",
        "Zeitüberschreitung der Anfrage. Bitte denselben Aufruf erneut versuchen.",
        "La requête a expiré. Veuillez réessayer le même appel.",
        "Se agotó el tiempo de la solicitud. Repita la misma llamada de nuevo.",
        "リクエストがタイムアウトしました。同じ呼び出しをもう一度お試しください。",
    ),
    (
        "It is carried out only once, however often it is sent.",
        "Er wird nur einmal ausgeführt, wie oft er auch gesendet wird.",
        "Il n'est exécuté qu'une seule fois, quel que soit le nombre d'envois.",
        "Se ejecuta una sola vez, por mucho que se envíe.",
        "何度送信しても、実行されるのは一度だけです。",
    ),
    (
        "The session has expired. Please sign in again.",
        "Die Sitzung ist abgelaufen. Bitte erneut anmelden.",
        "La session a expiré. Veuillez vous reconnecter.",
        "La sesión ha caducado. Inicie sesión de nuevo.",
        "セッションの有効期限が切れました。もう一度サインインしてください。",
    ),
    (
        "An internal error occurred.",
        "Ein interner Fehler ist aufgetreten.",
        "Une erreur interne s'est produite.",
        "Se ha producido un error interno.",
        "内部エラーが発生しました。",
    ),
    (
        "The tool `{tool}` has been switched off. Nothing was done; use `{other}` instead.",
        "Das Werkzeug `{tool}` wurde abgeschaltet. Es wurde nichts getan; stattdessen `{other}` verwenden.",
        "L'outil `{tool}` a été désactivé. Rien n'a été fait ; utilisez `{other}` à la place.",
        "La herramienta `{tool}` se ha desactivado. No se ha hecho nada; use `{other}` en su lugar.",
        "ツール `{tool}` は停止されました。何も実行されていません。代わりに `{other}` を使用してください。",
    ),
)
